// What follows a matrix product and cuBLASLt does not do.
#ifndef LOCALMAMBA_KERNELS_GEMM_CUDA_EPILOGUE_H_
#define LOCALMAMBA_KERNELS_GEMM_CUDA_EPILOGUE_H_

#include "absl/status/status.h"
#include "kernels/gemm/linear.h"

namespace localmamba::cuda {

// y = activation(product + bias) + residual, with the arguments' bias, activation, residual and y.
// `product` has y's shape and dtype and may be y.
absl::Status ApplyEpilogue(const ConstTensorView& product, const LinearArgs& args, Stream& stream);

// to = from, rounded to the dtype of `to`. Both are dense and of one shape, `from` float32.
absl::Status Round(const ConstTensorView& from, const TensorView& to, Stream& stream);

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_GEMM_CUDA_EPILOGUE_H_
