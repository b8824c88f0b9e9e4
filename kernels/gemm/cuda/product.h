// Matrix products by cuBLASLt, the choices of its heuristics kept per stream. Float32 products are
// exact float32, without TF32.
#ifndef LOCALMAMBA_KERNELS_GEMM_CUDA_PRODUCT_H_
#define LOCALMAMBA_KERNELS_GEMM_CUDA_PRODUCT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba::cuda {

// A matrix, rows may be strided, as it is or transposed.
struct Factor {
  ConstTensorView matrix;
  bool transposed = false;
};

// y = a @ b + bias + residual with a: (M, K), b: (K, N), after transposition; residual, y: (M, N),
// rows may be strided; bias: (N), with the dtype of y. With `relu` negative results become 0. a and
// b have one dtype; y and residual have it too, or are float32. The residual may be y.
struct ProductArgs {
  Factor a;
  Factor b;
  ConstTensorView bias;      // optional
  ConstTensorView residual;  // optional
  bool relu = false;
  TensorView y;
};

// Enqueues on `stream` and does not wait.
// Errors: RESOURCE_EXHAUSTED if the library lacks memory, INTERNAL for any other failure of it,
//         naming `operation` if it has no algorithm.
absl::Status Multiply(absl::string_view operation, const ProductArgs& args, Stream& stream);

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_GEMM_CUDA_PRODUCT_H_
