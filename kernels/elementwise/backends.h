// The implementations between which the dispatchers of this folder choose. Arguments are checked.
// Those named Cuda exist in builds with CUDA only.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_BACKENDS_H_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_BACKENDS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/unary.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status AccumulateCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status AccumulateCuda(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status AddCpu(const ConstTensorView& a, const ConstTensorView& b, const TensorView& y,
                    Stream& stream);
absl::Status AddCuda(const ConstTensorView& a, const ConstTensorView& b, const TensorView& y,
                     Stream& stream);
absl::Status CastCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status CastCuda(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status InsertTokenCpu(const ConstTensorView& x, const ConstTensorView& token,
                            int64_t position, const TensorView& y, Stream& stream);
absl::Status InsertTokenCuda(const ConstTensorView& x, const ConstTensorView& token,
                             int64_t position, const TensorView& y, Stream& stream);
absl::Status ScaleImagesCpu(const ConstTensorView& x, const ConstTensorView& factor,
                            const TensorView& y, Stream& stream);
absl::Status ScaleImagesCuda(const ConstTensorView& x, const ConstTensorView& factor,
                             const TensorView& y, Stream& stream);
absl::Status TransposeTokensCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status TransposeTokensCuda(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status UnaryCpu(UnaryFunction function, const ConstTensorView& x, const TensorView& y,
                      Stream& stream);
absl::Status UnaryCuda(UnaryFunction function, const ConstTensorView& x, const TensorView& y,
                       Stream& stream);
absl::Status UnaryBackwardCpu(UnaryFunction function, const ConstTensorView& x,
                              const ConstTensorView& dy, const TensorView& dx, Stream& stream);
absl::Status UnaryBackwardCuda(UnaryFunction function, const ConstTensorView& x,
                               const ConstTensorView& dy, const TensorView& dx, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_BACKENDS_H_
