// What networks compute with: the result of an operation, or a parameter.
#ifndef LOCALMAMBA_MODEL_AUTOGRAD_VALUE_H_
#define LOCALMAMBA_MODEL_AUTOGRAD_VALUE_H_

#include <cstdint>
#include <utility>

#include "kernels/tensor/tensor.h"

namespace localmamba {

// A handle that is cheap to copy; copies are the same value. Empty by default, which stands for an
// absent optional operand. Networks pass values only to operations (model/autograd/operations.h),
// never to kernels, so that an operation can record how its result came about
// (docs/decisions/0001-operations-and-tape.md).
class Value {
 public:
  Value() = default;
  explicit Value(Tensor tensor) : tensor_(std::move(tensor)) {}

  [[nodiscard]] bool empty() const { return tensor_.empty(); }
  [[nodiscard]] const Tensor& tensor() const { return tensor_; }
  [[nodiscard]] const Shape& shape() const { return tensor_.shape(); }
  [[nodiscard]] int64_t dim(int i) const { return tensor_.dim(i); }

 private:
  Tensor tensor_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_AUTOGRAD_VALUE_H_
