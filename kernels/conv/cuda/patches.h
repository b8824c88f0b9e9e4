// The patches that a convolution's output cells see, as rows of a matrix, and the reverse.
#ifndef LOCALMAMBA_KERNELS_CONV_CUDA_PATCHES_H_
#define LOCALMAMBA_KERNELS_CONV_CUDA_PATCHES_H_

#include "absl/status/status.h"
#include "kernels/conv/patch_shape.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba::cuda {

// Writes all patches of images (B, C, H, W) to rows (B * Ho * Wo, C * kh * kw), the output cells in
// row-major order. Both dense and of one floating-point dtype.
absl::Status GatherPatches(const PatchShape& shape, const ConstTensorView& images,
                           const TensorView& rows, Stream& stream);

// images[b, c, r, s] = sum of the elements of the rows that stand for that pixel, in float32 and in
// a fixed order.
absl::Status FoldPatches(const PatchShape& shape, const ConstTensorView& rows,
                         const TensorView& images, Stream& stream);

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_CONV_CUDA_PATCHES_H_
