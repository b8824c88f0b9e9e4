#include "kernels/base/status_macros.h"
#include "kernels/gemm/backends.h"
#include "kernels/gemm/cuda/product.h"

namespace localmamba {

absl::Status LinearBackwardCuda(const LinearBackwardArgs& args, Stream& stream) {
  constexpr absl::string_view kOperation = "linear_backward";
  if (!args.dx.empty()) {
    LM_RETURN_IF_ERROR(
        cuda::Multiply(kOperation, {.a = {args.dy}, .b = {args.weight}, .y = args.dx}, stream));
  }
  if (args.dweight.empty()) return absl::OkStatus();
  return cuda::Multiply(
      kOperation, {.a = {args.dy, /*transposed=*/true}, .b = {args.x}, .y = args.dweight}, stream);
}

}  // namespace localmamba
