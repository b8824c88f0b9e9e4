// The scan over the directions of a layer, and what precedes and follows it.
#include <utility>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/conv/causal_conv1d.h"
#include "kernels/scan/merge_directions.h"
#include "kernels/scan/selective_scan.h"
#include "model/autograd/new_result.h"
#include "model/autograd/operations.h"

namespace localmamba::ops {

absl::StatusOr<std::vector<Value>> CausalConv1d(OpContext& context,
                                                absl::Span<const CausalConv1dOperands> directions,
                                                Activation activation) {
  OperationScope operation(context, "causal_conv1d");
  std::vector<CausalConv1dDirection> args;
  std::vector<Value> results;
  for (const CausalConv1dOperands& operands : directions) {
    const Value& x = operands.x;
    operation.Reads(x, operands.read, operands.weight, operands.bias);
    const int64_t length = operands.read.dim(0);
    LM_ASSIGN_OR_RETURN(Tensor u,
                        NewResult(context, x.tensor().dtype(), {x.dim(0), length, x.dim(2)}));
    args.push_back({.x = x.tensor(),
                    .read = operands.read,
                    .weight = operands.weight.tensor(),
                    .bias = operands.bias.tensor(),
                    .u = u});
    results.emplace_back(std::move(u));
  }
  LM_RETURN_IF_ERROR(localmamba::CausalConv1d(args, activation, context.stream));
  return results;
}

absl::StatusOr<Value> SelectiveScan(OpContext& context,
                                    absl::Span<const SelectiveScanOperands> directions,
                                    int64_t tokens) {
  OperationScope operation(context, "selective_scan");
  LM_CHECK(!directions.empty());
  const Value& u = directions.front().u;
  LM_ASSIGN_OR_RETURN(
      Tensor y, NewResult(context, u.tensor().dtype(),
                          {static_cast<int64_t>(directions.size()), u.dim(0), tokens, u.dim(2)}));
  std::vector<SelectiveScanDirection> args;
  for (const SelectiveScanOperands& operands : directions) {
    // Directions may share u, which need not be fetched more than once then.
    const bool shared =
        !args.empty() && operands.u.tensor().view().raw_data() == args[0].u.raw_data();
    if (!shared) operation.Reads(operands.u);
    operation.Reads(operands.delta, operands.B, operands.C, operands.z, operands.A, operands.D,
                    operands.delta_weight, operands.delta_bias, operands.read, operands.z_read,
                    operands.write);
    args.push_back({.u = operands.u.tensor(),
                    .delta = operands.delta.tensor(),
                    .B = operands.B.tensor(),
                    .C = operands.C.tensor(),
                    .z = operands.z.tensor(),
                    .read = operands.read,
                    .z_read = operands.z_read,
                    .write = operands.write,
                    .delta_weight = operands.delta_weight.tensor(),
                    .delta_bias = operands.delta_bias.tensor(),
                    .A = operands.A.tensor(),
                    .D = operands.D.tensor(),
                    .y = y.view().Select(0, static_cast<int64_t>(args.size())),
                    .last_state = {}});
  }
  LM_RETURN_IF_ERROR(localmamba::SelectiveScan(args, SelectiveScanOptions(), context.stream));
  return Value(std::move(y));
}

absl::StatusOr<Value> MergeDirections(OpContext& context, const MergeOperands& operands) {
  const OperationScope operation(context, "merge_directions", operands.o, operands.channel,
                                 operands.local, operands.global, operands.w);
  const Value& o = operands.o;
  LM_ASSIGN_OR_RETURN(Tensor y,
                      NewResult(context, o.tensor().dtype(), {o.dim(1), o.dim(2), o.dim(3)}));
  LM_RETURN_IF_ERROR(localmamba::MergeDirections({.o = o.tensor(),
                                                  .channel = operands.channel.tensor(),
                                                  .local = operands.local.tensor(),
                                                  .global = operands.global.tensor(),
                                                  .w = operands.w.tensor(),
                                                  .y = y},
                                                 context.stream));
  return Value(std::move(y));
}

}  // namespace localmamba::ops
