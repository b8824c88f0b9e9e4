// Cross entropy with soft targets (label smoothing, mixup), and its backward.
//
//   losses[b] = -sum_c targets[b, c] * log softmax(logits[b])[c]
//   loss      = mean_b losses[b]
//
// Shapes: logits: (B, C), rows may be strided, B, C >= 1, float32, float16 or bfloat16;
//         targets: (B, C), dense, float32; loss: a scalar, losses: (B), both float32.
// Computed in float32. Deterministic.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks; RESOURCE_EXHAUSTED if the device is out of memory.
#ifndef LOCALMAMBA_KERNELS_REDUCE_CROSS_ENTROPY_H_
#define LOCALMAMBA_KERNELS_REDUCE_CROSS_ENTROPY_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct CrossEntropyArgs {
  ConstTensorView logits;
  ConstTensorView targets;
  TensorView loss;    // optional
  TensorView losses;  // optional
};

absl::Status CrossEntropy(const CrossEntropyArgs& args, Stream& stream);

//   dlogits[b, c] = (softmax(logits[b])[c] * sum_k targets[b, k] - targets[b, c]) * dloss / B
//
// dlogits: (B, C), rows may be strided, the dtype of logits; may be logits. dloss: a float32 scalar
// on the stream's device, 1 if absent: the loss scale of mixed-precision training.
// The softmax is recomputed.
struct CrossEntropyBackwardArgs {
  ConstTensorView logits;
  ConstTensorView targets;
  ConstTensorView dloss;  // optional
  TensorView dlogits;
};

absl::Status CrossEntropyBackward(const CrossEntropyBackwardArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_REDUCE_CROSS_ENTROPY_H_
