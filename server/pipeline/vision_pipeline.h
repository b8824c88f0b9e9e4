// One request's way through the server, without anything of RPC: find the version, decode and
// resize, wait for a batch, run the network, make the answer. It is the same for every question.
#ifndef LOCALMAMBA_SERVER_PIPELINE_VISION_PIPELINE_H_
#define LOCALMAMBA_SERVER_PIPELINE_VISION_PIPELINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"
#include "kernels/tensor/tensor_view.h"
#include "model/vision/decode.h"
#include "server/batching/batch_request.h"
#include "server/pipeline/prepare_batch.h"
#include "server/pipeline/prepare_image.h"
#include "server/pipeline/served_models.h"
#include "server/pipeline/vision_answer.h"
#include "server/runtime/call_context.h"
#include "server/runtime/clock.h"
#include "server/runtime/executor.h"

namespace localmamba::server {

struct ImageRequest {
  std::string model;    // "" for the only one
  std::string version;  // number or label; "" for the newest
  ImageSource image;    // its bytes live until the answer is given
  Scheduling scheduling;
  CallContext context;
};

// Several images for a version that is found already.
struct InferRequest {
  ServedModels::Handle version;
  ImageBatch images;  // their bytes live until the answer is given
  Scheduling scheduling;
  CallContext context;
};

// What the network says of the images of one request, in host memory, float32.
struct Inference : VisionAnswer {
  Tensor logits;  // (n, num_classes)
  Tensor pooled;  // (n, width)
};

// Safe to call from several threads.
class VisionPipeline {
 public:
  template <class Answer>
  using Callback = absl::AnyInvocable<void(absl::StatusOr<Answer>)>;

  // The references outlive the pipeline, which outlives every call. `decode` runs the stage before
  // the queue, but for pictures so small that another thread does not pay, and makes long answers;
  // `reply` makes the others, and those for which `decode` is full. If `reply` is full or null, the
  // network's thread does.
  VisionPipeline(const ServedModels& models, const DecodeLimits& limits, Executor& decode,
                 Executor* reply, Allocator& host_allocator, Clock& clock);

  // Calls `done` once, from any thread, perhaps before returning. Errors carry a reject reason:
  // INVALID_ARGUMENT for the picture, the tensor, scheduling or what Question::Check refuses;
  // NOT_FOUND for model or version; FAILED_PRECONDITION for a model of another task;
  // RESOURCE_EXHAUSTED if a queue is full or the latency goal cannot be kept; DEADLINE_EXCEEDED or
  // CANCELLED if that came first; those of the engine and of Question::MakeAnswer.
  //
  // A Question is ClassifyQuestion, EmbedQuestion, DetectQuestion or SegmentQuestion.
  template <class Question>
  void Ask(ImageRequest request, const Question& question,
           Callback<typename Question::Answer> done);
  // The images stay together. What the network takes as it is goes into the queue at once; the rest
  // is decoded or converted before, all of it, so that one that is no picture costs no run.
  void Infer(InferRequest request, Callback<Inference> done);

  [[nodiscard]] const ServedModels& models() const { return models_; }

 private:
  struct Call;
  using CallPtr = std::shared_ptr<Call>;
  // Makes the answer of a call and gives it, or the error that took its place.
  using MakeAnswer = absl::AnyInvocable<void(Call& call, absl::StatusOr<InferenceResult>)>;

  // Of the answer that `make` makes.
  template <class Answer, class Make>
  static MakeAnswer Give(Callback<Answer> done, Make make);

  // Of a request, which keeps its image.
  absl::StatusOr<CallPtr> Begin(const ImageRequest& request, ModelTask task) const;
  absl::StatusOr<CallPtr> Begin(ServedModels::Handle version, ModelTask task,
                                const Scheduling& scheduling, const CallContext& context) const;
  void SubmitImage(const CallPtr& call, const ImageSource& image);
  void Prepare(const CallPtr& call, const ImageSource& image);
  // Sets what the network takes.
  absl::Status PrepareInput(Call& call, const ImageSource& image);
  void Prepare(const CallPtr& call, ImageBatch images);
  // Whether it is answered.
  bool AnswerFromCache(const CallPtr& call, const ImageSource& image);
  // Before any work: whether the version can answer in time.
  static absl::Status Offer(const Call& call, const ImageKind& kind, size_t images);
  void Enqueue(const CallPtr& call, const ConstTensorView& input);
  void Complete(const CallPtr& call, absl::StatusOr<InferenceResult> result);
  void Remember(const Call& call, const InferenceResult& result);

  const ServedModels& models_;
  const DecodeLimits limits_;
  Executor& decode_;
  Executor* const reply_;  // may be null
  Allocator& host_allocator_;
  Clock& clock_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_VISION_PIPELINE_H_
