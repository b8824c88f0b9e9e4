// Inserts one token, the same for every image, into token sequences: the middle class token of
// LocalVim.
//
//   y[b, t] = x[b, t] for t < position,  token for t == position,  x[b, t-1] for t > position
//
// Shapes: x: (B, L, D), token: (D), y: (B, L+1, D), dense. 0 <= position <= L.
// All have one dtype: float32, float16 or bfloat16.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree or position is out of range;
//         UNIMPLEMENTED for a dtype the device lacks.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_INSERT_TOKEN_H_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_INSERT_TOKEN_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status InsertToken(const ConstTensorView& x, const ConstTensorView& token, int64_t position,
                         const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_INSERT_TOKEN_H_
