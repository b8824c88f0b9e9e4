#include "kernels/base/status_macros.h"
#include "kernels/gemm/backends.h"
#include "kernels/gemm/onednn_product.h"

namespace localmamba {

absl::Status LinearBackwardCpu(const LinearBackwardArgs& args, Stream& stream) {
  const int64_t M = args.dy.dim(0);
  const int64_t N = args.dy.dim(1);
  const int64_t dy_stride = RowStride(args.dy);
  if (!args.dx.empty()) {
    const int64_t K = args.dx.dim(1);
    const ProductLayout layout = {.M = M,
                                  .N = K,
                                  .K = N,
                                  .a_strides = {dy_stride, 1},
                                  .b_strides = {K, 1},
                                  .y_stride = RowStride(args.dx)};
    LM_RETURN_IF_ERROR(RunProduct(
        "linear_backward", layout,
        {.a = args.dy.raw_data(), .b = args.weight.raw_data(), .y = args.dx.raw_data()}, stream));
  }
  if (!args.dweight.empty()) {
    const int64_t K = args.dweight.dim(1);
    const ProductLayout layout = {.M = N,
                                  .N = K,
                                  .K = M,
                                  .a_strides = {1, dy_stride},
                                  .b_strides = {RowStride(args.x), 1},
                                  .y_stride = K};
    LM_RETURN_IF_ERROR(RunProduct(
        "linear_backward", layout,
        {.a = args.dy.raw_data(), .b = args.x.raw_data(), .y = args.dweight.raw_data()}, stream));
  }
  return absl::OkStatus();
}

}  // namespace localmamba
