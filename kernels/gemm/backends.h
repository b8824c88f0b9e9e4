// The implementations between which the dispatchers of this folder choose. Arguments are checked.
// Those named Cuda exist in builds with CUDA only.
#ifndef LOCALMAMBA_KERNELS_GEMM_BACKENDS_H_
#define LOCALMAMBA_KERNELS_GEMM_BACKENDS_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/gemm/linear.h"
#include "kernels/gemm/linear_backward.h"

namespace localmamba {

absl::Status LinearCpu(const LinearArgs& args, Stream& stream);
absl::Status LinearBackwardCpu(const LinearBackwardArgs& args, Stream& stream);
absl::Status LinearBackwardCuda(const LinearBackwardArgs& args, Stream& stream);
absl::Status LinearCuda(const LinearArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_GEMM_BACKENDS_H_
