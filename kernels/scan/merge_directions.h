// Merges the outputs of the directions of a layer into one token map.
//
//   y[b, l, d] = sum_k w[k] * norm(o[k, b, l, d] * channel[k, b, d]
//                                  * sigmoid(local[k, b, l] + global[k, b]))
//
// channel:        weights of the attention's channel branch; absent: 1
// local, global:  logits of its spatial branch (SCAttn as in the paper); both, or neither for 1
// w:              softmax of a supernet's direction weights. Present: norm is a LayerNorm over d
//                 without parameters, eps 1e-5. Absent: w[k] = 1 and norm is the identity.
//
// Shapes: o: (K, B, L, D), K >= 1, channel: (K, B, D), local: (K, B, L), global: (K, B), w: (K),
//         y: (B, L, D); all dense.
// o and y have one dtype: float32, float16 or bfloat16; the others are float32, as are the sums.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_SCAN_MERGE_DIRECTIONS_H_
#define LOCALMAMBA_KERNELS_SCAN_MERGE_DIRECTIONS_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct MergeDirectionsArgs {
  ConstTensorView o;
  ConstTensorView channel;
  ConstTensorView local;
  ConstTensorView global;
  ConstTensorView w;
  TensorView y;
};

absl::Status MergeDirections(const MergeDirectionsArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_SCAN_MERGE_DIRECTIONS_H_
