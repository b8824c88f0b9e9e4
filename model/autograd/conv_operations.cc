// Convolutions on images.
#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/conv/conv2d.h"
#include "kernels/conv/conv2d_backward.h"
#include "kernels/conv/depthwise_conv2d.h"
#include "kernels/conv/depthwise_conv2d_backward.h"
#include "kernels/conv/space_to_depth.h"
#include "kernels/conv/space_to_depth_backward.h"
#include "model/autograd/new_result.h"
#include "model/autograd/operations.h"
#include "model/autograd/tape.h"

namespace localmamba::ops {

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
  Value result(std::move(y));
  if (IsRecorded(context, {&x, &weight, &bias})) {
    context.tape->Record(
        {&result}, [x, weight, bias, options](OpContext& context, Gradients gradients) {
          LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x));
          LM_ASSIGN_OR_RETURN(const Tensor dweight, NewParameterGradient(context, weight));
          LM_ASSIGN_OR_RETURN(const Tensor dbias, NewParameterGradient(context, bias));
          LM_RETURN_IF_ERROR(Conv2dBackward({.x = x.tensor(),
                                             .weight = weight.tensor(),
                                             .stride = options.stride,
                                             .pad_bottom = options.pad_bottom,
                                             .pad_right = options.pad_right,
                                             .dy = gradients[0],
                                             .dx = dx,
                                             .dweight = dweight,
                                             .dbias = dbias},
                                            context.stream));
          return context.tape->Add(context, {{x, dx}, {weight, dweight}, {bias, dbias}});
        });
  }
  return result;
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
  Value result(std::move(y));
  if (IsRecorded(context, {&x, &weight, &bias})) {
    context.tape->Record(
        {&result}, [x, weight, bias, activation](OpContext& context, Gradients gradients) {
          LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x));
          LM_ASSIGN_OR_RETURN(const Tensor dweight, NewParameterGradient(context, weight));
          LM_ASSIGN_OR_RETURN(const Tensor dbias, NewParameterGradient(context, bias));
          LM_RETURN_IF_ERROR(DepthwiseConv2dBackward({.x = x.tensor(),
                                                      .weight = weight.tensor(),
                                                      .bias = bias.tensor(),
                                                      .activation = activation,
                                                      .dy = gradients[0],
                                                      .dx = dx,
                                                      .dweight = dweight,
                                                      .dbias = dbias},
                                                     context.stream));
          return context.tape->Add(context, {{x, dx}, {weight, dweight}, {bias, dbias}});
        });
  }
  return result;
}

absl::StatusOr<Value> SpaceToDepth(OpContext& context, const Value& x) {
  const OperationScope operation(context, "space_to_depth", x);
  LM_ASSIGN_OR_RETURN(Tensor y,
                      NewResult(context, x.tensor().dtype(),
                                {x.dim(0), (x.dim(1) + 1) / 2, (x.dim(2) + 1) / 2, 4 * x.dim(3)}));
  LM_RETURN_IF_ERROR(localmamba::SpaceToDepth(x.tensor(), y, context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x})) {
    context.tape->Record({&result}, [x](OpContext& context, Gradients gradients) {
      LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x));
      LM_RETURN_IF_ERROR(SpaceToDepthBackward(gradients[0], dx, context.stream));
      return context.tape->Add(context, {{x, dx}});
    });
  }
  return result;
}

}  // namespace localmamba::ops
