// One image on its way through a model's network.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_REQUEST_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_REQUEST_H_

#include <cstddef>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kernels/tensor/tensor.h"
#include "server/runtime/call_context.h"

namespace localmamba::server {

// One image's share of a batch's output, in host memory, float32.
struct InferenceResult {
  Tensor logits;           // (num_classes); empty without a head
  Tensor pooled;           // (width); empty without a head
  absl::Duration queue;    // from arrival to launch
  absl::Duration compute;  // of the whole batch
  size_t batch_size = 0;   // images in it
};

using InferenceCallback = absl::AnyInvocable<void(absl::StatusOr<InferenceResult>)>;

struct BatchRequest {
  Tensor pixels;  // (H, W, 3), u8, dense, in host memory
  CallContext context;
  InferenceCallback done;  // called once, whatever happens, after the request was taken
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_REQUEST_H_
