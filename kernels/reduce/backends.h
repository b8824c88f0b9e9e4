// The implementations between which the dispatchers of this folder choose. Arguments are checked.
// Those named Cuda exist in builds with CUDA only.
#ifndef LOCALMAMBA_KERNELS_REDUCE_BACKENDS_H_
#define LOCALMAMBA_KERNELS_REDUCE_BACKENDS_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/reduce/cross_entropy.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status AdaptiveAveragePoolCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status AdaptiveAveragePoolCuda(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status CrossEntropyBackwardCpu(const CrossEntropyBackwardArgs& args, Stream& stream);
absl::Status CrossEntropyBackwardCuda(const CrossEntropyBackwardArgs& args, Stream& stream);
absl::Status CrossEntropyCpu(const CrossEntropyArgs& args, Stream& stream);
absl::Status CrossEntropyCuda(const CrossEntropyArgs& args, Stream& stream);
absl::Status MeanTokensBackwardCpu(const ConstTensorView& dy, const TensorView& dx, Stream& stream);
absl::Status MeanTokensBackwardCuda(const ConstTensorView& dy, const TensorView& dx,
                                    Stream& stream);
absl::Status MeanTokensCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status MeanTokensCuda(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status SoftmaxBackwardCpu(const ConstTensorView& y, const ConstTensorView& dy,
                                const TensorView& dx, Stream& stream);
absl::Status SoftmaxBackwardCuda(const ConstTensorView& y, const ConstTensorView& dy,
                                 const TensorView& dx, Stream& stream);
absl::Status SoftmaxCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status SoftmaxCuda(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status SumRowsCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status SumRowsCuda(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status TopKCpu(const ConstTensorView& x, const TensorView& values, const TensorView& indices,
                     Stream& stream);
absl::Status TopKCuda(const ConstTensorView& x, const TensorView& values, const TensorView& indices,
                      Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_REDUCE_BACKENDS_H_
