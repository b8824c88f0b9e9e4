// Means over bins of channels-last maps, as PyTorch's adaptive_avg_pool2d: bin i of n along an axis
// of length L has the cells [floor(i L / n), ceil((i + 1) L / n)), so bins may overlap.
//
//   y[b, i, j, c] = mean of x[b, r, s, c] over rows r of bin i and columns s of bin j
//
// Shapes (dense): x: (B, H, W, C), H, W >= 1; y: (B, Ho, Wo, C), Ho and Wo bins.
// x and y have one dtype: float32, float16 or bfloat16. Sums are float32.
//
// Enqueues on `stream` and does not wait. Deterministic.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_REDUCE_ADAPTIVE_AVERAGE_POOL_H_
#define LOCALMAMBA_KERNELS_REDUCE_ADAPTIVE_AVERAGE_POOL_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status AdaptiveAveragePool(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_REDUCE_ADAPTIVE_AVERAGE_POOL_H_
