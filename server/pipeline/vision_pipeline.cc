#include "server/pipeline/vision_pipeline.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

constexpr int64_t kDefaultTopK = 5;

absl::StatusOr<int64_t> CheckTopK(std::optional<int64_t> top_k, int64_t num_classes) {
  if (!top_k.has_value()) return std::min(kDefaultTopK, num_classes);
  if (1 <= *top_k && *top_k <= num_classes) return *top_k;
  return InvalidRequest(absl::StrCat("top_k: found ", *top_k, ", wanted 1 to ", num_classes));
}

absl::StatusOr<std::vector<ClassScore>> Classes(const InferenceResult& result, int64_t top_k,
                                                const std::vector<std::string>& labels) {
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 1));
  return TopClasses(result.logits.Select(0, 0), top_k, labels, stream);
}

std::vector<float> Values(const Tensor& tensor) {
  if (tensor.empty()) return {};
  const float* first = tensor.data<float>();
  return {first, first + tensor.elements()};
}

// Keeps `response` as long as the result lives.
InferenceResult ToResult(const std::shared_ptr<const CachedResponse>& response) {
  const auto share = [&response](const std::vector<float>& values) {
    if (values.empty()) return Tensor();
    // Nobody writes to a result.
    return Tensor::Share(TensorView(const_cast<float*>(values.data()), DType::kFloat32,
                                    {1, static_cast<int64_t>(values.size())}, Device::Cpu()),
                         response);
  };
  return {.logits = share(response->logits),
          .pooled = share(response->pooled),
          .queue = absl::ZeroDuration(),
          .compute = absl::ZeroDuration(),
          .batch_size = 0};
}

// Of images that the network takes, or halves of them.
absl::Status CheckTensor(const ConstTensorView& input, const ServedVersion& version) {
  const int64_t height = version.input_height();
  const int64_t width = version.input_width();
  const auto most = static_cast<int64_t>(version.max_batch_size());
  if (!input.empty() && input.rank() == 4 && input.IsDense() && 1 <= input.dim(0) &&
      input.dim(0) <= most) {
    const bool pixels = input.dtype() == DType::kUInt8;
    const bool floats = input.dtype() == DType::kFloat32 || input.dtype() == DType::kFloat16;
    if (pixels && input.shape() == Shape({input.dim(0), height, width, 3})) return absl::OkStatus();
    if (floats && input.shape() == Shape({input.dim(0), 3, height, width})) return absl::OkStatus();
  }
  return InvalidRequest(absl::StrCat("input: found ", Describe(input), ", wanted f32[n,3,", height,
                                     ",", width, "], the same of f16, or u8[n,", height, ",", width,
                                     ",3] with n from 1 to ", most));
}

absl::Status CheckImages(const ImageBatch& images, const ServedVersion& version) {
  if (const auto* tensor = std::get_if<ConstTensorView>(&images)) {
    return CheckTensor(*tensor, version);
  }
  const size_t found = std::get<std::vector<EncodedImage>>(images).size();
  if (1 <= found && found <= version.max_batch_size()) return absl::OkStatus();
  return InvalidRequest(
      absl::StrCat("images: found ", found, ", wanted 1 to ", version.max_batch_size()));
}

// What the network gets of them.
DType KindOf(const ImageBatch& images) {
  const auto* tensor = std::get_if<ConstTensorView>(&images);
  return tensor == nullptr || tensor->dtype() == DType::kUInt8 ? DType::kUInt8 : DType::kFloat32;
}

size_t CountOf(const ImageBatch& images) {
  const auto* tensor = std::get_if<ConstTensorView>(&images);
  return tensor == nullptr ? std::get<std::vector<EncodedImage>>(images).size()
                           : static_cast<size_t>(tensor->dim(0));
}

// Whether the picture is prepared in less time than it takes to wake another thread.
bool IsTiny(const ImageSource& image, const PreprocessConfig& config) {
  constexpr int64_t kBytes = 16 << 10;
  const int64_t resized_bytes = config.resize_short_side * config.resize_short_side * 3;
  return std::holds_alternative<RawImage>(image) &&
         static_cast<int64_t>(BytesOf(image)) + resized_bytes <= kBytes;
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
  Tensor pixels;                      // made of the request's image, if it has one
  std::optional<ImageDigest> digest;  // of the image, if its answer shall be remembered
  absl::Time arrival;
  absl::Time due;
  Clock* clock = nullptr;
  StageTimings timings;
  absl::Time network_done;
  size_t images = 0;
  MakeAnswer finish;

  // Gives the answer, or the error, after it was counted.
  void End(absl::StatusOr<InferenceResult> result) {
    if (!result.ok()) {
      const absl::Time now = clock->Now();
      version->metrics().Failed(result.status());
      version->statistics().CountFailure(now - arrival, now);
    }
    finish(*this, std::move(result));
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

VisionPipeline::MakeAnswer VisionPipeline::GiveInference(Callback<Inference> done) {
  return [done = std::move(done)](Call& call, absl::StatusOr<InferenceResult> result) mutable {
    if (!result.ok()) return done(result.status());
    const ModelVersion& model = call.version->model();
    done(Inference{.model = model.model,
                   .version = model.version,
                   .logits = std::move(result->logits),
                   .pooled = std::move(result->pooled),
                   .timings = call.CloseTimings()});
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

void VisionPipeline::Classify(ImageRequest request, std::optional<int64_t> top_k,
                              Callback<Classification> done) {
  const absl::StatusOr<CallPtr> call = Begin(request);
  if (!call.ok()) return done(call.status());
  const absl::StatusOr<int64_t> k = CheckTopK(top_k, (*call)->version->num_classes());
  if (!k.ok()) return done(k.status());
  (*call)->finish = [k = *k, done = std::move(done)](
                        Call& call, absl::StatusOr<InferenceResult> result) mutable {
    if (!result.ok()) return done(result.status());
    const ModelVersion& model = call.version->model();
    absl::StatusOr<std::vector<ClassScore>> classes = Classes(*result, k, model.labels);
    if (!classes.ok()) return done(classes.status());
    done(Classification{.model = model.model,
                        .version = model.version,
                        .classes = *std::move(classes),
                        .timings = call.CloseTimings()});
  };
  SubmitImage(*call, request.image);
}

void VisionPipeline::Embed(ImageRequest request, Callback<Embedding> done) {
  const absl::StatusOr<CallPtr> call = Begin(request);
  if (!call.ok()) return done(call.status());
  (*call)->finish = [done = std::move(done)](Call& call,
                                             absl::StatusOr<InferenceResult> result) mutable {
    if (!result.ok()) return done(result.status());
    const ModelVersion& model = call.version->model();
    std::vector<float> features = Values(result->pooled);
    done(Embedding{.model = model.model,
                   .version = model.version,
                   .features = std::move(features),
                   .timings = call.CloseTimings()});
  };
  SubmitImage(*call, request.image);
}

void VisionPipeline::Infer(InferRequest request, Callback<Inference> done) {
  const absl::StatusOr<CallPtr> call = Begin(request.version, request.scheduling, request.context);
  if (!call.ok()) return done(call.status());
  absl::Status fit = CheckImages(request.images, *request.version);
  if (!fit.ok()) return done(std::move(fit));
  (*call)->finish = GiveInference(std::move(done));
  request.version->metrics().image_bytes.Increment(static_cast<double>(BytesOf(request.images)));
  if (absl::Status in_time = Offer(**call, KindOf(request.images), CountOf(request.images));
      !in_time.ok()) {
    return (*call)->End(std::move(in_time));
  }
  if (IsPrepared(request.images)) {
    Enqueue(*call, std::get<ConstTensorView>(request.images));
  } else {
    Prepare(*call, std::move(request.images));
  }
}

absl::StatusOr<VisionPipeline::CallPtr> VisionPipeline::Begin(const ImageRequest& request) const {
  LM_ASSIGN_OR_RETURN(ServedModels::Handle version, models_.Find(request.model, request.version));
  return Begin(std::move(version), request.scheduling, request.context);
}

absl::StatusOr<VisionPipeline::CallPtr> VisionPipeline::Begin(ServedModels::Handle version,
                                                              const Scheduling& scheduling,
                                                              const CallContext& context) const {
  auto call = std::make_shared<Call>();
  call->arrival = clock_.Now();
  call->clock = &clock_;
  call->version = std::move(version);
  const ModelVersion& model = call->version->model();
  if (model.spec.task != ModelTask::kClassification) {
    return Reject(
        RejectReason::kInvalidRequest,
        absl::FailedPreconditionError(absl::StrCat("model \"", model.model,
                                                   "\" yields feature maps only, wanted one with a "
                                                   "classifier")));
  }
  LM_RETURN_IF_ERROR(call->version->Check(scheduling));
  call->scheduling = scheduling;
  call->context = context;
  call->due = call->version->DueTime(call->arrival, call->context.deadline);
  return call;
}

void VisionPipeline::SubmitImage(const CallPtr& call, const ImageSource& image) {
  call->version->metrics().image_bytes.Increment(static_cast<double>(BytesOf(image)));
  if (IsTiny(image, call->version->model().spec.preprocess)) return Prepare(call, image);
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
  if (absl::Status in_time = Offer(*call, DType::kUInt8, 1); !in_time.ok()) {
    return call->End(std::move(in_time));
  }
  const absl::Time began = clock_.Now();
  absl::StatusOr<Tensor> pixels =
      PrepareImage(image, call->version->model().spec.preprocess, limits_, host_allocator_);
  if (!pixels.ok()) return call->End(pixels.status());
  const ServedVersion& version = *call->version;
  call->pixels = pixels->Reshape({1, version.input_height(), version.input_width(), 3});
  const absl::Time prepared = clock_.Now();
  version.metrics().decode_seconds.Observe(absl::ToDoubleSeconds(prepared - began));
  call->timings.preprocess = prepared - call->arrival;
  Enqueue(call, call->pixels);
}

void VisionPipeline::Prepare(const CallPtr& call, ImageBatch images) {
  PrepareBatch({.images = std::move(images),
                .config = call->version->model().spec.preprocess,
                .limits = limits_,
                .context = call->context},
               decode_, host_allocator_, clock_, [this, call](absl::StatusOr<Tensor> input) {
                 if (!input.ok()) return call->End(input.status());
                 call->pixels = *std::move(input);
                 call->timings.preprocess = clock_.Now() - call->arrival;
                 Enqueue(call, call->pixels);
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
  Complete(call, ToResult(found));
  return true;
}

absl::Status VisionPipeline::Offer(const Call& call, DType dtype, size_t images) {
  ServedVersion& version = *call.version;
  const Shape shape = dtype == DType::kUInt8
                          ? Shape({version.input_height(), version.input_width(), 3})
                          : Shape({3, version.input_height(), version.input_width()});
  return version.runner().Offer({.kind = {dtype, shape},
                                 .images = images,
                                 .scheduling = call.scheduling,
                                 .due = call.due,
                                 .deadline = call.context.deadline});
}

void VisionPipeline::Enqueue(const CallPtr& call, const ConstTensorView& input) {
  call->images = static_cast<size_t>(input.dim(0));
  absl::Status queued = call->version->runner().Enqueue(
      {.input = input,
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
    if (call->digest.has_value()) {
      call->version->responses()->Insert(
          *call->digest, {.logits = Values(result->logits), .pooled = Values(result->pooled)});
    }
    call->timings.queue = result->queue;
    call->timings.compute = result->compute;
    call->timings.batch_size = result->batch_size;
  }
  Task answer = [call, result = std::move(result)]() mutable { call->End(std::move(result)); };
  if (reply_ == nullptr || !reply_->TrySubmit(std::move(answer))) answer();
}

}  // namespace localmamba::server
