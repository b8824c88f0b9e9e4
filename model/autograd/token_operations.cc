// Views and operations that move tokens.
#include <utility>
#include <vector>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/elementwise/accumulate.h"
#include "kernels/elementwise/cast.h"
#include "kernels/elementwise/insert_token.h"
#include "kernels/elementwise/transpose_tokens.h"
#include "kernels/image/resize_bicubic.h"
#include "kernels/image/resize_bicubic_backward.h"
#include "kernels/reduce/sum_rows.h"
#include "model/autograd/new_result.h"
#include "model/autograd/operations.h"
#include "model/autograd/tape.h"

namespace localmamba::ops {
namespace {

// `part` shows a part of the tensor it is given.
template <class Part>
Value ViewOfPart(OpContext& context, const Value& x, const Part& part) {
  Value result(part(x.tensor()));
  if (IsRecorded(context, {&x})) {
    context.tape->Record({&result}, [x, part](OpContext& context, Gradients gradients) {
      const Tensor& dy = gradients[0];
      LM_ASSIGN_OR_RETURN(const Tensor dx, context.tape->Accumulator(context, x, dy.dtype()));
      return Accumulate(Rows(dy), Rows(part(dx)), context.stream);
    });
  }
  return result;
}

// Copies the columns of `from` but `gap` of them at `position` to `to`, which has as many fewer.
absl::Status CloseGap(const ConstTensorView& from, int64_t position, int64_t gap,
                      const TensorView& to, Stream& stream) {
  const int64_t end = to.dim(1);
  if (position > 0) {
    LM_RETURN_IF_ERROR(Cast(from.Slice(1, 0, position), to.Slice(1, 0, position), stream));
  }
  if (position == end) return absl::OkStatus();
  return Cast(from.Slice(1, position + gap, end + gap), to.Slice(1, position, end), stream);
}

// Copies `from` to `to`, which has `gap` more columns, left alone, at `position`.
absl::Status OpenGap(const ConstTensorView& from, int64_t position, int64_t gap,
                     const TensorView& to, Stream& stream) {
  const int64_t end = from.dim(1);
  if (position > 0) {
    LM_RETURN_IF_ERROR(Cast(from.Slice(1, 0, position), to.Slice(1, 0, position), stream));
  }
  if (position == end) return absl::OkStatus();
  return Cast(from.Slice(1, position, end), to.Slice(1, position + gap, end + gap), stream);
}

}  // namespace

Value Slice(OpContext& context, const Value& x, int dim, int64_t begin, int64_t end) {
  return ViewOfPart(context, x, [=](const Tensor& t) { return t.Slice(dim, begin, end); });
}

Value Select(OpContext& context, const Value& x, int dim, int64_t index) {
  return ViewOfPart(context, x, [=](const Tensor& t) { return t.Select(dim, index); });
}

Value Reshape(OpContext& context, const Value& x, const Shape& shape) {
  Value result(x.tensor().Reshape(shape));
  if (IsRecorded(context, {&x})) {
    context.tape->Record({&result}, [x](OpContext& context, Gradients gradients) {
      return context.tape->Add(context, {{x, gradients[0].Reshape(x.shape())}});
    });
  }
  return result;
}

absl::StatusOr<Value> Convert(OpContext& context, const Value& x, DType dtype) {
  Tensor here = x.tensor();
  if (here.device() == context.allocator.device() && here.dtype() == dtype) return x;
  const OperationScope operation(context, "convert", x);
  if (here.device() != context.allocator.device()) {
    LM_ASSIGN_OR_RETURN(here, NewResult(context, here.dtype(), x.shape()));
    LM_RETURN_IF_ERROR(Copy(x.tensor(), here, context.stream));
  }
  Tensor y = here;
  if (here.dtype() != dtype) {
    LM_ASSIGN_OR_RETURN(y, NewResult(context, dtype, x.shape()));
    LM_RETURN_IF_ERROR(Cast(Rows(here), Rows(y), context.stream));
  }
  Value result(std::move(y));
  if (IsRecorded(context, {&x})) {
    context.tape->Record({&result}, [x](OpContext& context, Gradients gradients) {
      const Tensor& dy = gradients[0];
      if (dy.dtype() == x.tensor().dtype()) return context.tape->Add(context, {{x, dy}});
      LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x));
      LM_RETURN_IF_ERROR(Cast(Rows(dy), Rows(dx), context.stream));
      return context.tape->Add(context, {{x, dx}});
    });
  }
  return result;
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
  // Rows of everything from `dim` on: the zeros are a range of columns.
  const Shape narrow = {outer, x.dim(dim) * inner};
  const Shape wide = {outer, shape[dim] * inner};
  LM_RETURN_IF_ERROR(OpenGap(x.tensor().view().Reshape(narrow), position * inner, count * inner,
                             y.view().Reshape(wide), context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x})) {
    context.tape->Record({&result}, [x, narrow, wide, position = position * inner,
                                     gap = count * inner](OpContext& context, Gradients gradients) {
      const Tensor& dy = gradients[0];
      LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x, dy.dtype()));
      LM_RETURN_IF_ERROR(CloseGap(dy.view().Reshape(wide), position, gap, dx.view().Reshape(narrow),
                                  context.stream));
      return context.tape->Add(context, {{x, dx}});
    });
  }
  return result;
}

absl::StatusOr<Value> ConcatRows(OpContext& context, absl::Span<const Value> parts) {
  OperationScope operation(context, "concat_rows");
  LM_CHECK(!parts.empty());
  int64_t rows = 0;
  std::vector<const Value*> operands;
  for (const Value& part : parts) {
    rows += part.dim(0);
    operation.Reads(part);
    operands.push_back(&part);
  }
  LM_ASSIGN_OR_RETURN(
      Tensor y, NewResult(context, parts.front().tensor().dtype(), {rows, parts.front().dim(1)}));
  int64_t begin = 0;
  for (const Value& part : parts) {
    const int64_t end = begin + part.dim(0);
    LM_RETURN_IF_ERROR(Copy(part.tensor(), y.view().Slice(0, begin, end), context.stream));
    begin = end;
  }
  Value result(std::move(y));
  if (IsRecorded(context, operands)) {
    context.tape->Record({&result}, [kept = std::vector<Value>(parts.begin(), parts.end())](
                                        OpContext& context, Gradients gradients) {
      int64_t begin = 0;
      for (const Value& part : kept) {
        const int64_t end = begin + part.dim(0);
        LM_RETURN_IF_ERROR(context.tape->Add(context, {{part, gradients[0].Slice(0, begin, end)}}));
        begin = end;
      }
      return absl::OkStatus();
    });
  }
  return result;
}

absl::StatusOr<Value> InsertToken(OpContext& context, const Value& x, const Value& token,
                                  int64_t position) {
  const OperationScope operation(context, "insert_token", x, token);
  LM_ASSIGN_OR_RETURN(Tensor y,
                      NewResult(context, x.tensor().dtype(), {x.dim(0), x.dim(1) + 1, x.dim(2)}));
  LM_RETURN_IF_ERROR(
      localmamba::InsertToken(x.tensor(), token.tensor(), position, y, context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x, &token})) {
    context.tape->Record({&result}, [x, token, position](OpContext& context, Gradients gradients) {
      const Tensor& dy = gradients[0];
      const int64_t columns = x.dim(2);
      LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x, dy.dtype()));
      if (!dx.empty()) {
        LM_RETURN_IF_ERROR(
            CloseGap(dy.view().Reshape({dy.dim(0), dy.dim(1) * columns}), position * columns,
                     columns, dx.view().Reshape({dx.dim(0), dx.dim(1) * columns}), context.stream));
      }
      LM_ASSIGN_OR_RETURN(const Tensor dtoken, NewParameterGradient(context, token));
      if (!dtoken.empty()) {
        LM_RETURN_IF_ERROR(SumRows(dy.Select(1, position), Rows(dtoken), context.stream));
      }
      return context.tape->Add(context, {{x, dx}, {token, dtoken}});
    });
  }
  return result;
}

absl::StatusOr<Value> TransposeTokens(OpContext& context, const Value& x) {
  const OperationScope operation(context, "transpose_tokens", x);
  LM_ASSIGN_OR_RETURN(Tensor y,
                      NewResult(context, x.tensor().dtype(), {x.dim(0), x.dim(2), x.dim(1)}));
  LM_RETURN_IF_ERROR(localmamba::TransposeTokens(x.tensor(), y, context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x})) {
    context.tape->Record({&result}, [x](OpContext& context, Gradients gradients) {
      LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x));
      LM_RETURN_IF_ERROR(localmamba::TransposeTokens(gradients[0], dx, context.stream));
      return context.tape->Add(context, {{x, dx}});
    });
  }
  return result;
}

absl::StatusOr<Value> ChannelsFirst(OpContext& context, const Value& x) {
  const Value tokens = Reshape(context, x, {x.dim(0), x.dim(1) * x.dim(2), x.dim(3)});
  LM_ASSIGN_OR_RETURN(const Value map, TransposeTokens(context, tokens));
  return Reshape(context, map, {x.dim(0), x.dim(3), x.dim(1), x.dim(2)});
}

absl::StatusOr<Value> ResizeBicubic(OpContext& context, const Value& x, int64_t height,
                                    int64_t width) {
  const OperationScope operation(context, "resize_bicubic", x);
  LM_ASSIGN_OR_RETURN(Tensor y, NewResult(context, DType::kFloat32, {height, width, x.dim(2)}));
  LM_RETURN_IF_ERROR(localmamba::ResizeBicubic(x.tensor(), y, context.stream));
  Value result(std::move(y));
  if (IsRecorded(context, {&x})) {
    context.tape->Record({&result}, [x](OpContext& context, Gradients gradients) {
      LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, x));
      LM_RETURN_IF_ERROR(ResizeBicubicBackward(gradients[0], dx, context.stream));
      return context.tape->Add(context, {{x, dx}});
    });
  }
  return result;
}

}  // namespace localmamba::ops
