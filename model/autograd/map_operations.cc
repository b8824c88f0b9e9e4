// Operations on channels-last maps of any size: what heads add to backbones.
#include <utility>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/conv/map_conv2d.h"
#include "kernels/image/resize_bilinear.h"
#include "kernels/image/resize_nearest.h"
#include "kernels/reduce/adaptive_average_pool.h"
#include "model/autograd/new_result.h"
#include "model/autograd/operations.h"
#include "model/autograd/refuse_to_record.h"

namespace localmamba::ops {

absl::StatusOr<Value> ResizeBilinear(OpContext& context, const Value& x, int64_t height,
                                     int64_t width) {
  return ConcatResized(context, {x}, height, width);
}

absl::StatusOr<Value> ResizeNearest(OpContext& context, const Value& x, int64_t height,
                                    int64_t width) {
  LM_RETURN_IF_ERROR(RefuseToRecord(context, "resize_nearest", {&x}));
  const OperationScope operation(context, "resize_nearest", x);
  LM_ASSIGN_OR_RETURN(Tensor y,
                      NewResult(context, x.tensor().dtype(), {x.dim(0), height, width, x.dim(3)}));
  LM_RETURN_IF_ERROR(localmamba::ResizeNearest(x.tensor(), y, context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> ConcatResized(OpContext& context, absl::Span<const Value> parts,
                                    int64_t height, int64_t width) {
  LM_CHECK(!parts.empty());
  OperationScope operation(context, "resize_bilinear");
  int64_t channels = 0;
  for (const Value& part : parts) {
    LM_RETURN_IF_ERROR(RefuseToRecord(context, "resize_bilinear", {&part}));
    operation.Reads(part);
    channels += part.dim(3);
  }
  const Value& first = parts.front();
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, first.tensor().dtype(),
                                          {first.dim(0), height, width, channels}));
  int64_t begin = 0;
  for (const Value& part : parts) {
    const int64_t end = begin + part.dim(3);
    LM_RETURN_IF_ERROR(
        localmamba::ResizeBilinear(part.tensor(), y.view().Slice(3, begin, end), context.stream));
    begin = end;
  }
  return Value(std::move(y));
}

absl::StatusOr<Value> AdaptiveAveragePool(OpContext& context, const Value& x, int64_t bins) {
  LM_RETURN_IF_ERROR(RefuseToRecord(context, "adaptive_average_pool", {&x}));
  const OperationScope operation(context, "adaptive_average_pool", x);
  LM_ASSIGN_OR_RETURN(Tensor y,
                      NewResult(context, x.tensor().dtype(), {x.dim(0), bins, bins, x.dim(3)}));
  LM_RETURN_IF_ERROR(localmamba::AdaptiveAveragePool(x.tensor(), y, context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> MapConv2d(OpContext& context, const Value& x, const Value& weight,
                                const Value& bias, const MapConv2dWindow& window,
                                Activation activation) {
  LM_RETURN_IF_ERROR(RefuseToRecord(context, "map_conv2d", {&x, &weight, &bias}));
  OperationScope operation(context, "map_conv2d", x, weight, bias);
  LM_ASSIGN_OR_RETURN(Tensor y,
                      NewResult(context, x.tensor().dtype(),
                                {x.dim(0), OutputExtent(window, x.dim(1), weight.dim(1)),
                                 OutputExtent(window, x.dim(2), weight.dim(2)), weight.dim(0)}));
  operation.Multiplies(y.elements() * weight.tensor().elements() / weight.dim(0));
  LM_RETURN_IF_ERROR(localmamba::MapConv2d({.x = x.tensor(),
                                            .weight = weight.tensor(),
                                            .bias = bias.tensor(),
                                            .window = window,
                                            .activation = activation,
                                            .y = y},
                                           context.stream));
  return Value(std::move(y));
}

}  // namespace localmamba::ops
