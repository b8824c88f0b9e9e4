// Bilinear interpolation of channels-last maps as PyTorch's interpolate(mode="bilinear",
// align_corners=False): source coordinate max(0, (i + 0.5) * in / out - 0.5), two taps along each
// axis, indices clamped to the border, no antialiasing. Of equal sizes it is the identity.
//
// Shapes: x: (B, H, W, C), dense, H, W >= 1; y: (B, Ho, Wo, C), rows may be strided along any
//         dimension, as are the channels [begin, end) of a wider map.
// x and y have one dtype: float32, float16 or bfloat16.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_IMAGE_RESIZE_BILINEAR_H_
#define LOCALMAMBA_KERNELS_IMAGE_RESIZE_BILINEAR_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status ResizeBilinear(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_RESIZE_BILINEAR_H_
