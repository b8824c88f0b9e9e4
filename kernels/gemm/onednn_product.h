// oneDNN's matmul with post-operations, float32, its primitives kept per stream.
#ifndef LOCALMAMBA_KERNELS_GEMM_ONEDNN_PRODUCT_H_
#define LOCALMAMBA_KERNELS_GEMM_ONEDNN_PRODUCT_H_

#include <array>
#include <compare>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/activation.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// How the residual reaches y.
enum class ResidualSource : uint8_t {
  kNone,
  kApart,  // it has memory of its own, laid out as y
  kY,      // y holds it before the product
};

// y = activation(a @ b + bias) + residual with a: (M, K), b: (K, N), bias: (N), y: (M, N). Strides
// are those of rows and columns; one of the two of a matrix is 1.
struct ProductLayout {
  int64_t M, N, K;
  std::array<int64_t, 2> a_strides;
  std::array<int64_t, 2> b_strides;
  int64_t y_stride;
  bool has_bias = false;
  Activation activation = Activation::kIdentity;
  ResidualSource residual = ResidualSource::kNone;

  friend auto operator<=>(const ProductLayout&, const ProductLayout&) = default;
};

struct ProductOperands {
  const void* a;
  const void* b;
  const void* bias = nullptr;
  const void* residual = nullptr;  // for ResidualSource::kApart
  void* y;
};

// Errors: those of RunOneDnn, naming `operation`.
absl::Status RunProduct(absl::string_view operation, const ProductLayout& layout,
                        const ProductOperands& operands, Stream& stream);

// The distance of neighbouring rows of a matrix.
inline int64_t RowStride(const ConstTensorView& matrix) {
  return matrix.dim(0) > 1 ? matrix.stride(0) : matrix.dim(1);
}

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_GEMM_ONEDNN_PRODUCT_H_
