// Gradients of merge_directions.h. With s = sigmoid(local + global), t = o * channel * s and x^ the
// LayerNorm of t over d, for a direction k, an image b and a token l:
//
//   dt = dy                                                                               without w
//   dt = w[k] / sqrt(var(t) + 1e-5) * (dy - mean(dy) - x^ * mean(dy * x^))     with w, means over d
//   d_o       = dt * channel * s  (+ d_o_in)
//   dchannel  = sum over l of dt * o * s
//   dlocal    = s * (1 - s) * sum over d of dt * o * channel,   dglobal = sum over l of dlocal
//   dw        = sum over b, l, d of dy * x^
//
// The gates and the statistics are recomputed.
//
// Shapes: o, d_o, d_o_in: (K, B, L, D), K >= 1, dy: (B, L, D), channel, dchannel: (K, B, D),
//         local, dlocal: (K, B, L), global, dglobal: (K, B), w, dw: (K); all dense.
// o, dy, d_o and d_o_in have one dtype: float32, float16 or bfloat16; the others are float32, as
// are the sums. d_o may be d_o_in. (`do` would be a keyword.)
//
// Enqueues on `stream` and does not wait. Deterministic, on the CPU whatever the number of threads.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks, or on CUDA for more than 8192 channels; RESOURCE_EXHAUSTED if the device
//         has no memory for partial sums.
#ifndef LOCALMAMBA_KERNELS_SCAN_MERGE_DIRECTIONS_BACKWARD_H_
#define LOCALMAMBA_KERNELS_SCAN_MERGE_DIRECTIONS_BACKWARD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct MergeDirectionsBackwardArgs {
  ConstTensorView o;        // optional in a plain sum: without channel, local, global and w
  ConstTensorView channel;  // as in the forward, as are the following
  ConstTensorView local;
  ConstTensorView global;
  ConstTensorView w;
  ConstTensorView dy;
  ConstTensorView d_o_in;  // optional: another gradient of o, to be added to d_o
  TensorView d_o;          // wanted if present, as are the following
  TensorView dchannel;     // with channel only
  TensorView dlocal;       // with local and global only, as dglobal
  TensorView dglobal;
  TensorView dw;  // with w only
};

absl::Status MergeDirectionsBackward(const MergeDirectionsBackwardArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_SCAN_MERGE_DIRECTIONS_BACKWARD_H_
