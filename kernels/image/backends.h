// The implementations between which the dispatchers of this folder choose. Arguments are checked.
// Those named Cuda exist in builds with CUDA only.
#ifndef LOCALMAMBA_KERNELS_IMAGE_BACKENDS_H_
#define LOCALMAMBA_KERNELS_IMAGE_BACKENDS_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/image/max_pool.h"
#include "kernels/image/normalize_pixels.h"
#include "kernels/image/resize_antialiased.h"
#include "kernels/image/resize_argmax.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status MaxPoolCpu(const ConstTensorView& x, const MaxPoolWindow& window, const TensorView& y,
                        Stream& stream);
absl::Status MaxPoolCuda(const ConstTensorView& x, const MaxPoolWindow& window, const TensorView& y,
                         Stream& stream);
absl::Status NormalizePixelsCpu(const ConstTensorView& x, const PixelNormalization& normalization,
                                const TensorView& y, Stream& stream);
absl::Status NormalizePixelsCuda(const ConstTensorView& x, const PixelNormalization& normalization,
                                 const TensorView& y, Stream& stream);
absl::Status ResizeAntialiasedCpu(const ConstTensorView& x, ResizeFilter filter,
                                  const TensorView& y, Stream& stream);
absl::Status ResizeArgmaxCpu(const ResizeArgmaxArgs& args, Stream& stream);
absl::Status ResizeArgmaxCuda(const ResizeArgmaxArgs& args, Stream& stream);
absl::Status ResizeBicubicBackwardCpu(const ConstTensorView& dy, const TensorView& dx,
                                      Stream& stream);
absl::Status ResizeBicubicBackwardCuda(const ConstTensorView& dy, const TensorView& dx,
                                       Stream& stream);
absl::Status ResizeBicubicCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status ResizeBicubicCuda(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status ResizeBilinearCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status ResizeBilinearCuda(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status ResizeNearestCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status ResizeNearestCuda(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status ResizeFixedPointCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_BACKENDS_H_
