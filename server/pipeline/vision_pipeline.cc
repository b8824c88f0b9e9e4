#include "server/pipeline/vision_pipeline.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/pipeline/check_images.h"
#include "server/pipeline/check_task.h"
#include "server/pipeline/classify_question.h"
#include "server/pipeline/detect_question.h"
#include "server/pipeline/embed_question.h"
#include "server/pipeline/segment_question.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

// Whether the picture is prepared in less time than it takes to wake another thread.
bool IsTiny(const ImageSource& image, const ModelSpec& spec) {
  constexpr int64_t kBytes = 16 << 10;
  const int64_t short_side = spec.preprocess.resize_short_side;
  const int64_t resized_bytes = short_side * short_side * 3;
  return std::holds_alternative<RawImage>(image) && !spec.keep_ratio.has_value() &&
         static_cast<int64_t>(BytesOf(image)) + resized_bytes <= kBytes;
}

// As a batch of one.
Tensor AsBatch(const Tensor& image) {
  return image.Reshape({1, image.dim(0), image.dim(1), image.dim(2)});
}

void Observe(const VersionMetrics& metrics, const StageTimings& timings) {
  metrics.preprocess_seconds.Observe(absl::ToDoubleSeconds(timings.preprocess));
  metrics.queue_seconds.Observe(absl::ToDoubleSeconds(timings.queue));
  metrics.compute_seconds.Observe(absl::ToDoubleSeconds(timings.compute));
  metrics.postprocess_seconds.Observe(absl::ToDoubleSeconds(timings.postprocess));
  metrics.request_seconds.Observe(absl::ToDoubleSeconds(timings.total));
}

}  // namespace

struct VisionPipeline::Call {
  Scheduling scheduling;
  CallContext context;
  ServedModels::Handle version;
  Tensor input;                       // made of the request's images, if they had to be prepared
  ImageGeometry geometry;             // of the image, if images keep their proportions
  std::array<int32_t, 2> size = {};   // likewise: height and width of the image in its input
  std::optional<ImageDigest> digest;  // of the image, if its answer shall be remembered
  absl::Time arrival;
  absl::Time due;
  Clock* clock = nullptr;
  StageTimings timings;
  absl::Time network_done;
  size_t images = 0;
  bool long_answer = false;
  MakeAnswer finish;

  void End(absl::StatusOr<InferenceResult> result) { finish(*this, std::move(result)); }

  void CountFailure(const absl::Status& status) {
    const absl::Time now = clock->Now();
    version->metrics().Failed(status);
    version->statistics().CountFailure(now - arrival, now);
  }

  // To be called when the answer is made.
  StageTimings CloseTimings() {
    const absl::Time now = clock->Now();
    timings.postprocess = now - network_done;
    timings.total = now - arrival;
    Observe(version->metrics(), timings);
    if (due < absl::InfiniteFuture()) {
      version->metrics().deadline_slack_seconds.Observe(absl::ToDoubleSeconds(due - now));
    }
    version->statistics().CountSuccess({.input = timings.preprocess,
                                        .queue = timings.queue,
                                        .infer = timings.compute,
                                        .output = timings.postprocess,
                                        .total = timings.total},
                                       images, now);
    return timings;
  }
};

template <class Answer, class Make>
VisionPipeline::MakeAnswer VisionPipeline::Give(Callback<Answer> done, Make make) {
  return [done = std::move(done), make = std::move(make)](
             Call& call, absl::StatusOr<InferenceResult> result) mutable {
    const ModelVersion& model = call.version->model();
    absl::StatusOr<Answer> answer =
        result.ok() ? make(model, call, *std::move(result)) : result.status();
    if (!answer.ok()) {
      call.CountFailure(answer.status());
      return done(std::move(answer));
    }
    answer->model = model.model;
    answer->version = model.version;
    answer->timings = call.CloseTimings();
    done(std::move(answer));
  };
}

VisionPipeline::VisionPipeline(const ServedModels& models, const DecodeLimits& limits,
                               Executor& decode, Executor* reply, Allocator& host_allocator,
                               Clock& clock)
    : models_(models),
      limits_(limits),
      decode_(decode),
      reply_(reply),
      host_allocator_(host_allocator),
      clock_(clock) {}

template <class Question>
void VisionPipeline::Ask(ImageRequest request, const Question& question,
                         Callback<typename Question::Answer> done) {
  const absl::StatusOr<CallPtr> begun = Begin(request, Question::kTask);
  if (!begun.ok()) return done(begun.status());
  absl::Status fit = question.Check((*begun)->version->model());
  if (!fit.ok()) {
    (*begun)->CountFailure(fit);
    return done(std::move(fit));
  }
  (*begun)->long_answer = Question::kLongAnswer;
  (*begun)->finish = Give(std::move(done), [question](const ModelVersion& model, const Call& call,
                                                      const InferenceResult& result) {
    return question.MakeAnswer(model, {result, call.geometry});
  });
  SubmitImage(*begun, request.image);
}

template void VisionPipeline::Ask(ImageRequest, const ClassifyQuestion&, Callback<Classification>);
template void VisionPipeline::Ask(ImageRequest, const EmbedQuestion&, Callback<Embedding>);
template void VisionPipeline::Ask(ImageRequest, const DetectQuestion&, Callback<FoundObjects>);
template void VisionPipeline::Ask(ImageRequest, const SegmentQuestion&, Callback<Segmentation>);

void VisionPipeline::Infer(InferRequest request, Callback<Inference> done) {
  const absl::StatusOr<CallPtr> call =
      Begin(request.version, ModelTask::kClassification, request.scheduling, request.context);
  if (!call.ok()) return done(call.status());
  absl::Status fit = CheckImages(request.images, *request.version);
  if (!fit.ok()) {
    (*call)->CountFailure(fit);
    return done(std::move(fit));
  }
  (*call)->finish = Give(std::move(done),
                         [](const ModelVersion& /*model*/, const Call& /*call*/,
                            InferenceResult result) -> absl::StatusOr<Inference> {
                           Inference inference;
                           inference.logits = std::move(result.logits);
                           inference.pooled = std::move(result.pooled);
                           return inference;
                         });
  request.version->metrics().image_bytes.Increment(static_cast<double>(BytesOf(request.images)));
  if (absl::Status in_time =
          Offer(**call, KindOf(request.images, *request.version), CountOf(request.images));
      !in_time.ok()) {
    return (*call)->End(std::move(in_time));
  }
  if (IsPrepared(request.images)) {
    Enqueue(*call, std::get<ConstTensorView>(request.images));
  } else {
    Prepare(*call, std::move(request.images));
  }
}

absl::StatusOr<VisionPipeline::CallPtr> VisionPipeline::Begin(const ImageRequest& request,
                                                              ModelTask task) const {
  LM_ASSIGN_OR_RETURN(ServedModels::Handle version, models_.Find(request.model, request.version));
  return Begin(std::move(version), task, request.scheduling, request.context);
}

absl::StatusOr<VisionPipeline::CallPtr> VisionPipeline::Begin(ServedModels::Handle version,
                                                              ModelTask task,
                                                              const Scheduling& scheduling,
                                                              const CallContext& context) const {
  auto call = std::make_shared<Call>();
  call->arrival = clock_.Now();
  call->clock = &clock_;
  call->version = std::move(version);
  absl::Status fit = CheckTask(call->version->model(), task);
  if (fit.ok()) fit = call->version->Check(scheduling);
  if (!fit.ok()) {
    call->CountFailure(fit);
    return fit;
  }
  call->scheduling = scheduling;
  call->context = context;
  call->due = call->version->DueTime(call->arrival, call->context.deadline);
  return call;
}

void VisionPipeline::SubmitImage(const CallPtr& call, const ImageSource& image) {
  call->version->metrics().image_bytes.Increment(static_cast<double>(BytesOf(image)));
  if (IsTiny(image, call->version->model().spec)) return Prepare(call, image);
  if (!decode_.TrySubmit([this, call, image] { Prepare(call, image); })) {
    call->End(Reject(RejectReason::kDecodeQueueFull,
                     absl::ResourceExhaustedError("too many requests wait to be decoded")));
  }
}

void VisionPipeline::Prepare(const CallPtr& call, const ImageSource& image) {
  if (absl::Status wanted = CheckWanted(call->context, clock_.Now(), "decoding"); !wanted.ok()) {
    return call->End(std::move(wanted));
  }
  if (AnswerFromCache(call, image)) return;
  const ServedVersion& version = *call->version;
  if (absl::Status in_time = Offer(*call, version.image_kind(), 1); !in_time.ok()) {
    return call->End(std::move(in_time));
  }
  const absl::Time began = clock_.Now();
  if (absl::Status prepared = PrepareInput(*call, image); !prepared.ok()) {
    return call->End(std::move(prepared));
  }
  const absl::Time now = clock_.Now();
  version.metrics().decode_seconds.Observe(absl::ToDoubleSeconds(now - began));
  call->timings.preprocess = now - call->arrival;
  Enqueue(call, call->input);
}

absl::Status VisionPipeline::PrepareInput(Call& call, const ImageSource& image) {
  const ModelSpec& spec = call.version->model().spec;
  if (spec.keep_ratio.has_value()) {
    LM_ASSIGN_OR_RETURN(const PreparedImage prepared,
                        PrepareImage(image, *spec.keep_ratio, spec.preprocess.normalization,
                                     limits_, host_allocator_));
    call.geometry = prepared.geometry;
    call.size = {static_cast<int32_t>(prepared.geometry.limit_height),
                 static_cast<int32_t>(prepared.geometry.limit_width)};
    call.input = AsBatch(prepared.input);
  } else {
    LM_ASSIGN_OR_RETURN(const Tensor pixels,
                        PrepareImage(image, spec.preprocess, limits_, host_allocator_));
    call.input = AsBatch(pixels);
  }
  return absl::OkStatus();
}

void VisionPipeline::Prepare(const CallPtr& call, ImageBatch images) {
  PrepareBatch({.images = std::move(images),
                .config = call->version->model().spec.preprocess,
                .limits = limits_,
                .context = call->context},
               decode_, host_allocator_, clock_, [this, call](absl::StatusOr<Tensor> input) {
                 if (!input.ok()) return call->End(input.status());
                 call->input = *std::move(input);
                 call->timings.preprocess = clock_.Now() - call->arrival;
                 Enqueue(call, call->input);
               });
}

bool VisionPipeline::AnswerFromCache(const CallPtr& call, const ImageSource& image) {
  VersionResponses* const responses = call->version->responses();
  if (responses == nullptr) return false;
  call->digest = DigestOf(image);
  const std::shared_ptr<const CachedResponse> found = responses->Find(*call->digest);
  if (found == nullptr) return false;
  call->digest.reset();
  call->timings.preprocess = clock_.Now() - call->arrival;
  call->geometry = found->geometry;
  Complete(call, found->network);
  return true;
}

absl::Status VisionPipeline::Offer(const Call& call, const ImageKind& kind, size_t images) {
  return call.version->runner().Offer({.kind = kind,
                                       .images = images,
                                       .scheduling = call.scheduling,
                                       .due = call.due,
                                       .deadline = call.context.deadline});
}

void VisionPipeline::Enqueue(const CallPtr& call, const ConstTensorView& input) {
  call->images = static_cast<size_t>(input.dim(0));
  ConstTensorView sizes;
  if (call->version->model().spec.keep_ratio.has_value()) {
    sizes = ConstTensorView(call->size.data(), DType::kInt32, {1, 2});
  }
  absl::Status queued = call->version->runner().Enqueue(
      {.input = input,
       .sizes = sizes,
       .scheduling = call->scheduling,
       .context = call->context,
       .due = call->due,
       .done = [this, call](absl::StatusOr<InferenceResult> result) {
         Complete(call, std::move(result));
       }});
  if (!queued.ok()) call->End(std::move(queued));
}

void VisionPipeline::Complete(const CallPtr& call, absl::StatusOr<InferenceResult> result) {
  call->network_done = clock_.Now();
  if (result.ok()) {
    if (call->digest.has_value()) Remember(*call, *result);
    call->timings.queue = result->queue;
    call->timings.compute = result->compute;
    call->timings.batch_size = result->batch_size;
  }
  call->input = Tensor();
  Task answer = [this, call, result = std::move(result)]() mutable {
    absl::Status wanted;
    if (call->long_answer) wanted = CheckWanted(call->context, clock_.Now(), "the answer");
    call->End(wanted.ok() ? std::move(result) : wanted);
  };
  if (call->long_answer && decode_.TrySubmit(std::move(answer))) return;
  if (reply_ == nullptr || !reply_->TrySubmit(std::move(answer))) answer();
}

void VisionPipeline::Remember(const Call& call, const InferenceResult& result) {
  absl::StatusOr<CachedResponse> response = ToCachedResponse(result, call.geometry);
  // Without memory for it there is nothing to remember.
  if (response.ok()) call.version->responses()->Insert(*call.digest, *std::move(response));
}

}  // namespace localmamba::server
