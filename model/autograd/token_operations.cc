// Views and operations that move tokens.
#include <utility>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/conv/space_to_depth.h"
#include "kernels/elementwise/cast.h"
#include "kernels/elementwise/insert_token.h"
#include "kernels/elementwise/transpose_tokens.h"
#include "kernels/image/resize_bicubic.h"
#include "model/autograd/new_result.h"
#include "model/autograd/operations.h"

namespace localmamba::ops {

Value Slice(OpContext& /*context*/, const Value& x, int dim, int64_t begin, int64_t end) {
  return Value(x.tensor().Slice(dim, begin, end));
}

Value Select(OpContext& /*context*/, const Value& x, int dim, int64_t index) {
  return Value(x.tensor().Select(dim, index));
}

Value Reshape(OpContext& /*context*/, const Value& x, const Shape& shape) {
  return Value(x.tensor().Reshape(shape));
}

absl::StatusOr<Value> Convert(OpContext& context, const Value& x, DType dtype) {
  Tensor here = x.tensor();
  if (here.device() == context.allocator.device() && here.dtype() == dtype) return x;
  const OperationScope operation(context, "convert", x);
  if (here.device() != context.allocator.device()) {
    LM_ASSIGN_OR_RETURN(here, NewResult(context, here.dtype(), x.shape()));
    LM_RETURN_IF_ERROR(Copy(x.tensor(), here, context.stream));
  }
  if (here.dtype() == dtype) return Value(std::move(here));
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, dtype, x.shape()));
  LM_RETURN_IF_ERROR(Cast(Rows(here), y.view().Reshape(RowsOf(x.shape())), context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> InsertZeros(OpContext& context, const Value& x, int dim, int64_t position,
                                  int64_t count) {
  const OperationScope operation(context, "insert_zeros", x);
  int64_t outer = 1;
  for (int i = 0; i < dim; ++i) outer *= x.dim(i);
  const int64_t inner = outer == 0 ? 0 : x.tensor().elements() / outer / x.dim(dim);
  Shape shape = x.shape();
  shape[dim] += count;
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, x.tensor().dtype(), shape));
  LM_RETURN_IF_ERROR(context.stream.ZeroBytes(
      y.view().raw_data(), static_cast<size_t>(y.elements()) * SizeOf(y.dtype())));
  // Rows of everything from `dim` on: the parts before and after the zeros are column ranges.
  const ConstTensorView from = x.tensor().view().Reshape({outer, x.dim(dim) * inner});
  const TensorView to = y.view().Reshape({outer, shape[dim] * inner});
  const int64_t split = position * inner;
  const int64_t end = x.dim(dim) * inner;
  if (split > 0) {
    LM_RETURN_IF_ERROR(Cast(from.Slice(1, 0, split), to.Slice(1, 0, split), context.stream));
  }
  if (split < end) {
    const int64_t shift = count * inner;
    LM_RETURN_IF_ERROR(
        Cast(from.Slice(1, split, end), to.Slice(1, split + shift, end + shift), context.stream));
  }
  return Value(std::move(y));
}

absl::StatusOr<Value> ConcatRows(OpContext& context, absl::Span<const Value> parts) {
  OperationScope operation(context, "concat_rows");
  LM_CHECK(!parts.empty());
  int64_t rows = 0;
  for (const Value& part : parts) {
    rows += part.dim(0);
    operation.Reads(part);
  }
  LM_ASSIGN_OR_RETURN(
      Tensor y, NewResult(context, parts.front().tensor().dtype(), {rows, parts.front().dim(1)}));
  int64_t begin = 0;
  for (const Value& part : parts) {
    const int64_t end = begin + part.dim(0);
    LM_RETURN_IF_ERROR(Copy(part.tensor(), y.view().Slice(0, begin, end), context.stream));
    begin = end;
  }
  return Value(std::move(y));
}

absl::StatusOr<Value> InsertToken(OpContext& context, const Value& x, const Value& token,
                                  int64_t position) {
  const OperationScope operation(context, "insert_token", x, token);
  LM_ASSIGN_OR_RETURN(Tensor y,
                      NewResult(context, x.tensor().dtype(), {x.dim(0), x.dim(1) + 1, x.dim(2)}));
  LM_RETURN_IF_ERROR(
      localmamba::InsertToken(x.tensor(), token.tensor(), position, y, context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> TransposeTokens(OpContext& context, const Value& x) {
  const OperationScope operation(context, "transpose_tokens", x);
  LM_ASSIGN_OR_RETURN(Tensor y,
                      NewResult(context, x.tensor().dtype(), {x.dim(0), x.dim(2), x.dim(1)}));
  LM_RETURN_IF_ERROR(localmamba::TransposeTokens(x.tensor(), y, context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> SpaceToDepth(OpContext& context, const Value& x) {
  const OperationScope operation(context, "space_to_depth", x);
  LM_ASSIGN_OR_RETURN(Tensor y,
                      NewResult(context, x.tensor().dtype(),
                                {x.dim(0), (x.dim(1) + 1) / 2, (x.dim(2) + 1) / 2, 4 * x.dim(3)}));
  LM_RETURN_IF_ERROR(localmamba::SpaceToDepth(x.tensor(), y, context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> ResizeBicubic(OpContext& context, const Value& x, int64_t height,
                                    int64_t width) {
  const OperationScope operation(context, "resize_bicubic", x);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, DType::kFloat32, {height, width, x.dim(2)}));
  LM_RETURN_IF_ERROR(localmamba::ResizeBicubic(x.tensor(), y, context.stream));
  return Value(std::move(y));
}

}  // namespace localmamba::ops
