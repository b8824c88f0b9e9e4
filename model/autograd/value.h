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
  // A value of a tape, which alone gives out node numbers.
  Value(Tensor tensor, int64_t node) : tensor_(std::move(tensor)), node_(node) {}

  [[nodiscard]] bool empty() const { return tensor_.empty(); }
  [[nodiscard]] const Tensor& tensor() const { return tensor_; }
  // Whether a tape computes the gradient of this value; node() is then its number there.
  [[nodiscard]] bool has_gradient() const { return node_ >= 0; }
  [[nodiscard]] int64_t node() const { return node_; }
  [[nodiscard]] const Shape& shape() const { return tensor_.shape(); }
  [[nodiscard]] int64_t dim(int i) const { return tensor_.dim(i); }

 private:
  Tensor tensor_;
  int64_t node_ = -1;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_AUTOGRAD_VALUE_H_
