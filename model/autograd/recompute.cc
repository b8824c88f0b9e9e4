#include "model/autograd/recompute.h"

#include <utility>

#include "kernels/base/status_macros.h"
#include "model/autograd/tape.h"

namespace localmamba {
namespace {

absl::Status RunBackward(OpContext& context, const Segment& segment, absl::Span<const Value> inputs,
                         Gradients gradients) {
  Tape& tape = *context.tape;
  const size_t begin = tape.position();
  std::vector<Value> leaves;
  for (const Value& input : inputs) {
    leaves.push_back(input.has_gradient() ? tape.Leaf(input) : input);
  }
  LM_ASSIGN_OR_RETURN(const std::vector<Value> results, segment(context, leaves));
  for (size_t i = 0; i < results.size(); ++i) {
    LM_RETURN_IF_ERROR(tape.Add(context, {{results[i], gradients[i]}}));
  }
  LM_RETURN_IF_ERROR(tape.Unwind(context, begin));
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (!inputs[i].has_gradient()) continue;
    LM_RETURN_IF_ERROR(tape.Add(context, {{inputs[i], tape.Take(leaves[i])}}));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Value>> Recompute(OpContext& context, std::vector<Value> inputs,
                                             Segment segment) {
  if (context.tape == nullptr) return segment(context, inputs);
  // Onto a tape that is thrown away: operations that are recorded may take other steps than those
  // that are not, and the same bits are wanted both times.
  Tape forgotten;
  OpContext here = context;
  here.tape = &forgotten;
  LM_ASSIGN_OR_RETURN(std::vector<Value> results, segment(here, inputs));
  std::vector<Value*> recorded;
  for (Value& result : results) recorded.push_back(&result);
  context.tape->Record(recorded, [inputs = std::move(inputs), segment = std::move(segment)](
                                     OpContext& context, Gradients gradients) {
    return RunBackward(context, segment, inputs, gradients);
  });
  return results;
}

}  // namespace localmamba
