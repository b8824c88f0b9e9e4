// Arithmetic, matrix products, convolutions on images.
#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/conv/conv2d.h"
#include "kernels/conv/depthwise_conv2d.h"
#include "kernels/elementwise/add.h"
#include "kernels/gemm/linear.h"
#include "kernels/reduce/mean_tokens.h"
#include "kernels/reduce/softmax.h"
#include "model/autograd/new_result.h"
#include "model/autograd/operations.h"

namespace localmamba::ops {

absl::StatusOr<Value> Unary(OpContext& context, UnaryFunction function, const Value& x) {
  const OperationScope operation(context, "unary", x);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, x.tensor().dtype(), x.shape()));
  LM_RETURN_IF_ERROR(localmamba::Unary(function, x.tensor(), y, context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> Add(OpContext& context, const Value& x, const Value& b) {
  const OperationScope operation(context, "add", x, b);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, x.tensor().dtype(), x.shape()));
  LM_RETURN_IF_ERROR(localmamba::Add(Rows(x.tensor()), b.tensor(),
                                     y.view().Reshape(RowsOf(y.shape())), context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> Softmax(OpContext& context, const Value& x) {
  const OperationScope operation(context, "softmax", x);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, DType::kFloat32, x.shape()));
  LM_RETURN_IF_ERROR(localmamba::Softmax(x.tensor(), y, context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> MeanTokens(OpContext& context, const Value& x) {
  const OperationScope operation(context, "mean_tokens", x);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, x.tensor().dtype(), {x.dim(0), x.dim(2)}));
  LM_RETURN_IF_ERROR(localmamba::MeanTokens(x.tensor(), y, context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> Linear(OpContext& context, const Value& x, const Value& weight,
                             const Value& bias, const LinearOptions& options) {
  OperationScope operation(context, "linear", x, weight, bias, options.residual);
  operation.Multiplies(x.tensor().elements() * weight.dim(0));
  LM_ASSIGN_OR_RETURN(
      Tensor y, NewResult(context, x.tensor().dtype(), WithColumns(x.shape(), weight.dim(0))));
  LM_RETURN_IF_ERROR(localmamba::Linear({.x = Rows(x.tensor()),
                                         .weight = weight.tensor(),
                                         .bias = bias.tensor(),
                                         .activation = options.activation,
                                         .residual = Rows(options.residual.tensor()),
                                         .y = y.view().Reshape(RowsOf(y.shape()))},
                                        context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> Conv2d(OpContext& context, const Value& x, const Value& weight,
                             const Value& bias, const Conv2dOptions& options) {
  OperationScope operation(context, "conv2d", x, weight, bias);
  const int64_t height = (x.dim(2) + options.pad_bottom - weight.dim(2)) / options.stride + 1;
  const int64_t width = (x.dim(3) + options.pad_right - weight.dim(3)) / options.stride + 1;
  LM_ASSIGN_OR_RETURN(
      Tensor y, NewResult(context, x.tensor().dtype(), {x.dim(0), height, width, weight.dim(0)}));
  operation.Multiplies(y.elements() * weight.tensor().elements() / weight.dim(0));
  LM_RETURN_IF_ERROR(localmamba::Conv2d({.x = x.tensor(),
                                         .weight = weight.tensor(),
                                         .bias = bias.tensor(),
                                         .stride = options.stride,
                                         .pad_bottom = options.pad_bottom,
                                         .pad_right = options.pad_right,
                                         .y = y},
                                        context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> DepthwiseConv2d(OpContext& context, const Value& x, const Value& weight,
                                      const Value& bias, Activation activation) {
  const OperationScope operation(context, "depthwise_conv2d", x, weight, bias);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, x.tensor().dtype(), x.shape()));
  LM_RETURN_IF_ERROR(localmamba::DepthwiseConv2d({.x = x.tensor(),
                                                  .weight = weight.tensor(),
                                                  .bias = bias.tensor(),
                                                  .activation = activation,
                                                  .y = y},
                                                 context.stream));
  return Value(std::move(y));
}

}  // namespace localmamba::ops
