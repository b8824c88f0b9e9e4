// Bilinear resize of 8-bit images without antialiasing, equal bit for bit to OpenCV's INTER_LINEAR:
// weights are rounded to 11 bits, products are summed in integers. What the detectors and segmenters
// were trained on.
//
// Shapes (dense, u8): x: (H, W, C), y: (Ho, Wo, C); all extents at least 1.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED on CUDA.
#ifndef LOCALMAMBA_KERNELS_IMAGE_RESIZE_FIXED_POINT_H_
#define LOCALMAMBA_KERNELS_IMAGE_RESIZE_FIXED_POINT_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status ResizeFixedPoint(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_RESIZE_FIXED_POINT_H_
