// Records the operations of a training pass and computes gradients by running them backwards.
#ifndef LOCALMAMBA_MODEL_AUTOGRAD_TAPE_H_
#define LOCALMAMBA_MODEL_AUTOGRAD_TAPE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "kernels/tensor/tensor.h"
#include "model/autograd/op_context.h"
#include "model/autograd/value.h"

namespace localmamba {

// Of the results of an operation: one each, empty where none came. They are the operation's alone,
// so it may change their elements.
using Gradients = absl::Span<const Tensor>;

// One training pass:
//
//   Tape tape;
//   OpContext context{stream, allocator, dtype, &tape};
//   for each parameter: parameter.value = tape.Leaf(parameter.value);
//   network.Pack(context); output = network.Forward(context, input); loss = f(context, output)
//   tape.Backward(context, loss, gradient of the loss);
//   for each parameter: tape.Gradient(parameter.value)
//
// The gradient of a value has the value's shape and is dense. Its dtype is that of the value, or
// float32 for what derives from parameters alone, so that 16-bit copies of weights lose nothing.
// Not safe for use from several threads at once.
class Tape {
 public:
  Tape() = default;
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // `value` as a value whose gradient is wanted, and known by this tape alone.
  Value Leaf(const Value& value);

  // The gradient of a leaf after Backward; empty if the result does not depend on it.
  [[nodiscard]] const Tensor& Gradient(const Value& leaf) const;

  // Adds up the gradients of all leaves that `result` depends on. gradient: that of `result`. What
  // the operations kept is released on the way, so a pass has one Backward.
  absl::Status Backward(OpContext& context, const Value& result, Tensor gradient);

  // ---- For operations ----

  // Adds to the gradients of the operands.
  using BackwardFunction = std::function<absl::Status(OpContext& context, Gradients gradients)>;

  // Makes values of this tape out of `results`.
  void Record(absl::Span<Value* const> results, BackwardFunction backward);

  struct OperandGradient {
    const Value& operand;
    Tensor gradient;
  };
  // Adds to the gradients of operands; an empty tensor adds nothing. Takes the tensors over: their
  // elements may be changed later, so each must be given to one operand only.
  absl::Status Add(OpContext& context, std::initializer_list<OperandGradient> gradients);

  // The gradient of `value` to be added to in place; zeros of `dtype` if nothing came yet.
  absl::StatusOr<Tensor> Accumulator(OpContext& context, const Value& value, DType dtype);

  // ---- For recomputation (model/autograd/recompute.h) ----

  [[nodiscard]] size_t position() const { return entries_.size(); }
  // Runs the operations recorded since `position` backwards and forgets them.
  absl::Status Unwind(OpContext& context, size_t position);
  // The gradient of `value`, which the tape forgets.
  Tensor Take(const Value& value);

 private:
  struct Entry {
    std::vector<int64_t> results;
    BackwardFunction backward;
  };

  Value NewValue(const Value& value);
  absl::Status AddOne(OpContext& context, const OperandGradient& added);

  std::vector<Entry> entries_;
  std::vector<Tensor> gradients_;  // by node
};

// Whether an operation has to be recorded: gradients of some operand are wanted.
[[nodiscard]] bool IsRecorded(const OpContext& context, absl::Span<const Value* const> operands);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_AUTOGRAD_TAPE_H_
