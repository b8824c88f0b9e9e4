#include "model/autograd/tape.h"

#include <utility>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/elementwise/accumulate.h"
#include "model/autograd/new_result.h"

namespace localmamba {

bool IsRecorded(const OpContext& context, absl::Span<const Value* const> operands) {
  if (context.tape == nullptr) return false;
  for (const Value* operand : operands) {
    if (operand->has_gradient()) return true;
  }
  return false;
}

Value Tape::NewValue(const Value& value) {
  const auto node = static_cast<int64_t>(gradients_.size());
  gradients_.emplace_back();
  return {value.tensor(), node};
}

Value Tape::Leaf(const Value& value) { return NewValue(value); }

const Tensor& Tape::Gradient(const Value& leaf) const {
  LM_CHECK(leaf.has_gradient());
  return gradients_[static_cast<size_t>(leaf.node())];
}

Tensor Tape::Take(const Value& value) {
  LM_CHECK(value.has_gradient());
  return std::exchange(gradients_[static_cast<size_t>(value.node())], Tensor());
}

void Tape::Record(absl::Span<Value* const> results, BackwardFunction backward) {
  Entry entry{.results = {}, .backward = std::move(backward)};
  for (Value* result : results) {
    *result = NewValue(*result);
    entry.results.push_back(result->node());
  }
  entries_.push_back(std::move(entry));
}

absl::Status Tape::Add(OpContext& context, std::initializer_list<OperandGradient> gradients) {
  for (const OperandGradient& added : gradients) {
    if (!added.operand.has_gradient() || added.gradient.empty()) continue;
    LM_RETURN_IF_ERROR(AddOne(context, added));
  }
  return absl::OkStatus();
}

absl::Status Tape::AddOne(OpContext& context, const OperandGradient& added) {
  LM_CHECK(added.gradient.shape() == added.operand.shape());
  Tensor& sum = gradients_[static_cast<size_t>(added.operand.node())];
  if (sum.empty()) {
    sum = added.gradient;
    return absl::OkStatus();
  }
  LM_CHECK(added.gradient.dtype() == sum.dtype());
  return Accumulate(ops::Rows(added.gradient), ops::Rows(sum), context.stream);
}

absl::StatusOr<Tensor> Tape::Accumulator(OpContext& context, const Value& value, DType dtype) {
  LM_CHECK(value.has_gradient());
  Tensor& sum = gradients_[static_cast<size_t>(value.node())];
  if (sum.empty()) {
    LM_ASSIGN_OR_RETURN(sum, ops::NewResult(context, dtype, value.shape()));
    LM_RETURN_IF_ERROR(context.stream.ZeroBytes(
        sum.view().raw_data(), static_cast<size_t>(sum.elements()) * SizeOf(dtype)));
  }
  LM_CHECK(sum.dtype() == dtype);
  return sum;
}

absl::Status Tape::Backward(OpContext& context, const Value& result, Tensor gradient) {
  LM_RETURN_IF_ERROR(Add(context, {{result, std::move(gradient)}}));
  return Unwind(context, 0);
}

absl::Status Tape::Unwind(OpContext& context, size_t position) {
  while (entries_.size() > position) {
    const Entry entry = std::move(entries_.back());
    entries_.pop_back();
    std::vector<Tensor> gradients;
    bool any = false;
    for (const int64_t node : entry.results) {
      gradients.push_back(std::exchange(gradients_[static_cast<size_t>(node)], Tensor()));
      any = any || !gradients.back().empty();
    }
    if (any) LM_RETURN_IF_ERROR(entry.backward(context, gradients));
  }
  return absl::OkStatus();
}

}  // namespace localmamba
