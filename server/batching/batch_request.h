// One request on its way through a model's network.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_REQUEST_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kernels/tensor/dtype.h"
#include "kernels/tensor/shape.h"
#include "kernels/tensor/tensor.h"
#include "kernels/tensor/tensor_view.h"
#include "model/engine/engine.h"
#include "server/runtime/call_context.h"

namespace localmamba::server {

// A request's share of a batch's output, in host memory, float32.
struct InferenceResult {
  Tensor logits;  // (n, num_classes), of a segmenter (n, h, w, num_classes); or empty
  Tensor pooled;  // (n, width); or empty
  std::optional<EngineDetections> detections;  // of a detector, for n images
  absl::Duration queue;                        // from arrival in the queue to launch
  absl::Duration compute;                      // of the whole batch
  size_t batch_size = 0;                       // images in it
};

using InferenceCallback = absl::AnyInvocable<void(absl::StatusOr<InferenceResult>)>;

// What a caller may say about its turn.
struct Scheduling {
  int priority = 0;  // level, of which 1 comes first; 0 for the model's default
  std::optional<absl::Duration> queue_timeout;  // longest wait in the queue; at most the model's
};

// What can share a batch: images of one dtype and shape.
struct ImageKind {
  DType dtype = DType::kUInt8;
  Shape shape;  // of one image
  bool operator==(const ImageKind&) const = default;
};

struct BatchRequest {
  // One or more images, which stay together: (n, H, W, 3) u8 pixels, or (n, 3, H, W) f32, already
  // normalised. Dense, in host memory that lives until `done` has been called.
  ConstTensorView input;
  // (n, 2), i32, as Engine::Run wants them, alive as long; all requests of a model have them or none.
  ConstTensorView sizes;
  Scheduling scheduling;
  CallContext context;
  // By when the answer is wanted: context.deadline, or before it if the model has a goal.
  absl::Time due = absl::InfiniteFuture();
  InferenceCallback done;  // called once, whatever happens, after the request was taken

  [[nodiscard]] ImageKind kind() const {
    return {input.dtype(), {input.dim(1), input.dim(2), input.dim(3)}};
  }
  [[nodiscard]] size_t images() const { return static_cast<size_t>(input.dim(0)); }
  [[nodiscard]] size_t bytes() const {
    return static_cast<size_t>(input.elements()) * SizeOf(input.dtype());
  }
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_REQUEST_H_
