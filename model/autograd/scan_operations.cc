// The scan over the directions of a layer, and what precedes and follows it.
#include <utility>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/conv/causal_conv1d.h"
#include "kernels/conv/causal_conv1d_backward.h"
#include "kernels/gemm/linear_backward.h"
#include "kernels/scan/merge_directions.h"
#include "kernels/scan/merge_directions_backward.h"
#include "kernels/scan/selective_scan.h"
#include "kernels/scan/selective_scan_backward.h"
#include "model/autograd/new_result.h"
#include "model/autograd/operations.h"
#include "model/autograd/tape.h"

namespace localmamba::ops {
namespace {

using ConvDirections = std::vector<CausalConv1dOperands>;

bool IsRecorded(const OpContext& context, absl::Span<const CausalConv1dOperands> directions) {
  for (const CausalConv1dOperands& d : directions) {
    if (localmamba::IsRecorded(context, {&d.x, &d.weight, &d.bias})) return true;
  }
  return false;
}

absl::Status CausalConv1dBackward(OpContext& context, const ConvDirections& directions,
                                  Activation activation, Gradients gradients) {
  struct Wanted {
    const CausalConv1dOperands& operands;
    Tensor dx;
    Tensor dweight;
    Tensor dbias;
  };
  std::vector<Wanted> wanted;
  std::vector<CausalConv1dBackwardDirection> args;
  for (size_t i = 0; i < directions.size(); ++i) {
    if (gradients[i].empty()) continue;
    const CausalConv1dOperands& d = directions[i];
    LM_ASSIGN_OR_RETURN(const Tensor dx, NewGradient(context, d.x));
    LM_ASSIGN_OR_RETURN(const Tensor dweight, NewParameterGradient(context, d.weight));
    LM_ASSIGN_OR_RETURN(const Tensor dbias, NewParameterGradient(context, d.bias));
    args.push_back({.x = d.x.tensor(),
                    .read = d.read,
                    .weight = d.weight.tensor(),
                    .bias = d.bias.tensor(),
                    .du = gradients[i],
                    .dx = dx,
                    .dweight = dweight,
                    .dbias = dbias});
    wanted.push_back({d, dx, dweight, dbias});
  }
  LM_RETURN_IF_ERROR(localmamba::CausalConv1dBackward(args, activation, context.stream));
  for (const Wanted& w : wanted) {
    LM_RETURN_IF_ERROR(context.tape->Add(
        context,
        {{w.operands.x, w.dx}, {w.operands.weight, w.dweight}, {w.operands.bias, w.dbias}}));
  }
  return absl::OkStatus();
}

using ScanDirections = std::vector<SelectiveScanOperands>;

bool IsRecorded(const OpContext& context, absl::Span<const SelectiveScanOperands> directions) {
  for (const SelectiveScanOperands& d : directions) {
    if (localmamba::IsRecorded(context, {&d.u, &d.delta, &d.B, &d.C, &d.z, &d.delta_weight,
                                         &d.delta_bias, &d.A, &d.D})) {
      return true;
    }
  }
  return false;
}

struct ScanGradients {
  Tensor du, dstep, dB, dC, dz, dA, dD, ddelta_bias;
};

absl::StatusOr<ScanGradients> NewScanGradients(OpContext& context, const SelectiveScanOperands& d) {
  ScanGradients g;
  LM_ASSIGN_OR_RETURN(g.du, NewGradient(context, d.u));
  LM_ASSIGN_OR_RETURN(g.dB, NewGradient(context, d.B));
  LM_ASSIGN_OR_RETURN(g.dC, NewGradient(context, d.C));
  LM_ASSIGN_OR_RETURN(g.dz, NewGradient(context, d.z));
  LM_ASSIGN_OR_RETURN(g.dA, NewGradient(context, d.A));
  LM_ASSIGN_OR_RETURN(g.dD, NewGradient(context, d.D));
  LM_ASSIGN_OR_RETURN(g.ddelta_bias, NewGradient(context, d.delta_bias));
  if (d.delta.has_gradient() || d.delta_weight.has_gradient()) {
    LM_ASSIGN_OR_RETURN(g.dstep, NewResult(context, d.u.tensor().dtype(), d.u.shape()));
  }
  return g;
}

// From the gradient of the step to those of its factors.
absl::Status StepBackward(OpContext& context, const SelectiveScanOperands& d, const Tensor& dstep) {
  if (dstep.empty()) return absl::OkStatus();
  if (d.delta_weight.empty()) return context.tape->Add(context, {{d.delta, dstep}});
  LM_ASSIGN_OR_RETURN(const Tensor ddelta, NewGradient(context, d.delta));
  LM_ASSIGN_OR_RETURN(const Tensor dweight, NewParameterGradient(context, d.delta_weight));
  LM_RETURN_IF_ERROR(LinearBackward({.x = Rows(d.delta.tensor()),
                                     .weight = d.delta_weight.tensor(),
                                     .dy = Rows(dstep),
                                     .dx = Rows(ddelta),
                                     .dweight = dweight,
                                     .dbias = {}},
                                    context.stream));
  return context.tape->Add(context, {{d.delta, ddelta}, {d.delta_weight, dweight}});
}

absl::Status SelectiveScanBackward(OpContext& context, const ScanDirections& directions,
                                   const Tensor& dy) {
  std::vector<ScanGradients> wanted;
  std::vector<SelectiveScanBackwardDirection> args;
  for (const SelectiveScanOperands& d : directions) {
    LM_ASSIGN_OR_RETURN(const ScanGradients g, NewScanGradients(context, d));
    args.push_back({.u = d.u.tensor(),
                    .delta = d.delta.tensor(),
                    .B = d.B.tensor(),
                    .C = d.C.tensor(),
                    .z = d.z.tensor(),
                    .read = d.read,
                    .z_read = d.z_read,
                    .write = d.write,
                    .delta_weight = d.delta_weight.tensor(),
                    .delta_bias = d.delta_bias.tensor(),
                    .A = d.A.tensor(),
                    .D = d.D.tensor(),
                    .dy = dy.view().Select(0, static_cast<int64_t>(args.size())),
                    .du = g.du,
                    .dstep = g.dstep,
                    .dB = g.dB,
                    .dC = g.dC,
                    .dz = g.dz,
                    .dA = g.dA,
                    .dD = g.dD,
                    .ddelta_bias = g.ddelta_bias});
    wanted.push_back(g);
  }
  LM_RETURN_IF_ERROR(
      localmamba::SelectiveScanBackward(args, SelectiveScanOptions(), context.stream));
  for (size_t i = 0; i < directions.size(); ++i) {
    const SelectiveScanOperands& d = directions[i];
    const ScanGradients& g = wanted[i];
    LM_RETURN_IF_ERROR(StepBackward(context, d, g.dstep));
    LM_RETURN_IF_ERROR(context.tape->Add(context, {{d.u, g.du},
                                                   {d.B, g.dB},
                                                   {d.C, g.dC},
                                                   {d.z, g.dz},
                                                   {d.A, g.dA},
                                                   {d.D, g.dD},
                                                   {d.delta_bias, g.ddelta_bias}}));
  }
  return absl::OkStatus();
}

absl::Status MergeDirectionsBackward(OpContext& context, const MergeOperands& operands,
                                     const Tensor& dy) {
  LM_ASSIGN_OR_RETURN(const Tensor d_o, NewGradient(context, operands.o));
  LM_ASSIGN_OR_RETURN(const Tensor dchannel, NewGradient(context, operands.channel));
  LM_ASSIGN_OR_RETURN(const Tensor dlocal, NewGradient(context, operands.local));
  LM_ASSIGN_OR_RETURN(const Tensor dglobal, NewGradient(context, operands.global));
  LM_ASSIGN_OR_RETURN(const Tensor dw, NewGradient(context, operands.w));
  LM_RETURN_IF_ERROR(localmamba::MergeDirectionsBackward({.o = operands.o.tensor(),
                                                          .channel = operands.channel.tensor(),
                                                          .local = operands.local.tensor(),
                                                          .global = operands.global.tensor(),
                                                          .w = operands.w.tensor(),
                                                          .dy = dy,
                                                          .d_o_in = {},
                                                          .d_o = d_o,
                                                          .dchannel = dchannel,
                                                          .dlocal = dlocal,
                                                          .dglobal = dglobal,
                                                          .dw = dw},
                                                         context.stream));
  return context.tape->Add(context, {{operands.o, d_o},
                                     {operands.channel, dchannel},
                                     {operands.local, dlocal},
                                     {operands.global, dglobal},
                                     {operands.w, dw}});
}

}  // namespace

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
  if (IsRecorded(context, directions)) {
    std::vector<Value*> recorded;
    for (Value& result : results) recorded.push_back(&result);
    context.tape->Record(recorded, [kept = ConvDirections(directions.begin(), directions.end()),
                                    activation](OpContext& context, Gradients gradients) {
      return CausalConv1dBackward(context, kept, activation, gradients);
    });
  }
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
  Value result(std::move(y));
  if (IsRecorded(context, directions)) {
    context.tape->Record({&result}, [kept = ScanDirections(directions.begin(), directions.end())](
                                        OpContext& context, Gradients gradients) {
      return SelectiveScanBackward(context, kept, gradients[0]);
    });
  }
  return result;
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
  Value result(std::move(y));
  if (IsRecorded(context, {&operands.o, &operands.channel, &operands.local, &operands.global,
                           &operands.w})) {
    context.tape->Record({&result}, [operands](OpContext& context, Gradients gradients) {
      return MergeDirectionsBackward(context, operands, gradients[0]);
    });
  }
  return result;
}

}  // namespace localmamba::ops
