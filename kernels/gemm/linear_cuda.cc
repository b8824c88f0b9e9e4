// The residual comes through beta = 1 of cuBLASLt and a bias through its epilogue (rounded to y's
// dtype, which the epilogue demands), and ReLU too; but cuBLASLt has no exact GELU, no SiLU and no
// sigmoid, and adds a residual before its activation. Those cases, which the networks have only
// after tiny products, take a pass of their own.
#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/gemm/backends.h"
#include "kernels/gemm/cuda/epilogue.h"
#include "kernels/gemm/cuda/product.h"
#include "kernels/gemm/cuda/small_linear.h"

namespace localmamba {

absl::Status LinearCuda(const LinearArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (IsSmallLinear(args)) return SmallLinear(args, stream);
  ProductArgs product = {.a = {args.x},
                         .b = {args.weight, /*transposed=*/true},
                         .bias = args.bias,
                         .residual = args.residual,
                         .y = args.y};
  const DType dtype = args.y.dtype();
  product.relu = args.activation == Activation::kRelu && args.residual.empty();
  if (args.activation != Activation::kIdentity && !product.relu) {
    product.bias = {};
    product.residual = {};
    if (!args.residual.empty() && args.residual.raw_data() == args.y.raw_data()) {
      // The product must not overwrite the residual, which comes after the activation.
      struct ProductApart;
      LM_ASSIGN_OR_RETURN(
          void* apart,
          GetScratch<ProductApart>(static_cast<size_t>(args.y.elements()) * SizeOf(dtype), stream));
      product.y = TensorView(apart, dtype, args.y.shape(), stream.device());
    }
    LM_RETURN_IF_ERROR(Multiply("linear", product, stream));
    return ApplyEpilogue(product.y, args, stream);
  }
  if (!args.bias.empty() && dtype != DType::kFloat32) {
    struct RoundedBias;
    LM_ASSIGN_OR_RETURN(
        void* rounded,
        GetScratch<RoundedBias>(static_cast<size_t>(args.bias.elements()) * SizeOf(dtype), stream));
    const TensorView bias(rounded, dtype, args.bias.shape(), stream.device());
    LM_RETURN_IF_ERROR(Round(args.bias, bias, stream));
    product.bias = bias;
  }
  return Multiply("linear", product, stream);
}

}  // namespace localmamba
