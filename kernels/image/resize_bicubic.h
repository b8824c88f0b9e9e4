// Bicubic interpolation of channels-last maps as PyTorch's interpolate(mode="bicubic",
// align_corners=False), used for position embeddings and rotary tables at another grid size:
// source coordinate (i + 0.5) * in / out - 0.5, Keys' kernel with a = -0.75, four taps, indices
// clamped to the border, no antialiasing.
//
// Shapes (dense, float32): x: (H, W, C), y: (Ho, Wo, C); H, W >= 1.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree.
#ifndef LOCALMAMBA_KERNELS_IMAGE_RESIZE_BICUBIC_H_
#define LOCALMAMBA_KERNELS_IMAGE_RESIZE_BICUBIC_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status ResizeBicubic(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_RESIZE_BICUBIC_H_
