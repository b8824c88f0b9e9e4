// What the implementations of operations share.
#ifndef LOCALMAMBA_MODEL_AUTOGRAD_NEW_RESULT_H_
#define LOCALMAMBA_MODEL_AUTOGRAD_NEW_RESULT_H_

#include "absl/status/statusor.h"
#include "kernels/tensor/tensor.h"
#include "model/autograd/op_context.h"
#include "model/autograd/profiler.h"
#include "model/autograd/value.h"

namespace localmamba::ops {

// Memory for the result of an operation, inside its OperationScope.
inline absl::StatusOr<Tensor> NewResult(OpContext& context, DType dtype, const Shape& shape) {
  absl::StatusOr<Tensor> result = Tensor::Allocate(context.allocator, dtype, shape);
  if (context.profiler != nullptr && result.ok()) context.profiler->AddBytes(BytesOf(*result));
  return result;
}

// (d0, ..., dn) → (d0 * ... * dn-1, dn): the rows of a tensor as a matrix.
inline Shape RowsOf(const Shape& shape) {
  const int64_t columns = shape[shape.rank() - 1];
  int64_t rows = 1;
  for (int i = 0; i + 1 < shape.rank(); ++i) rows *= shape[i];
  return {rows, columns};
}

// `shape` with another last extent.
inline Shape WithColumns(Shape shape, int64_t columns) {
  shape[shape.rank() - 1] = columns;
  return shape;
}

inline TensorView Rows(const Tensor& tensor) {
  return tensor.empty() ? TensorView() : tensor.view().Reshape(RowsOf(tensor.shape()));
}

// Memory for the gradient of `value`; empty, which kernels take as "not wanted", if it has none.
// `dtype`: that of the value, or float32 for what derives from parameters alone (tape.h).
inline absl::StatusOr<Tensor> NewGradient(OpContext& context, const Value& value, DType dtype) {
  if (!value.has_gradient()) return Tensor();
  return Tensor::Allocate(context.allocator, dtype, value.shape());
}
inline absl::StatusOr<Tensor> NewGradient(OpContext& context, const Value& value) {
  return NewGradient(context, value, value.tensor().dtype());
}
inline absl::StatusOr<Tensor> NewParameterGradient(OpContext& context, const Value& value) {
  return NewGradient(context, value, DType::kFloat32);
}

}  // namespace localmamba::ops

#endif  // LOCALMAMBA_MODEL_AUTOGRAD_NEW_RESULT_H_
