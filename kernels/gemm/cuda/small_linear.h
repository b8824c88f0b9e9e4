// Small float32 linear layers in one launch: the attention's two layers and heads.
#ifndef LOCALMAMBA_KERNELS_GEMM_CUDA_SMALL_LINEAR_H_
#define LOCALMAMBA_KERNELS_GEMM_CUDA_SMALL_LINEAR_H_

#include "absl/status/status.h"
#include "kernels/gemm/linear.h"

namespace localmamba::cuda {

// True for float32 without a residual and so little work that launches are what it costs: cuBLASLt
// takes up to three for it (product, sum over its split parts, activation).
bool IsSmallLinear(const LinearArgs& args);

// Linear of such arguments.
absl::Status SmallLinear(const LinearArgs& args, Stream& stream);

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_GEMM_CUDA_SMALL_LINEAR_H_
