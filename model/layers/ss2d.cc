#include "model/layers/ss2d.h"

#include <cmath>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {
namespace {

using Bias = LinearLayer::Bias;

// Uniform in +-1/sqrt(n).
Initializer InverseRootInit(int64_t n) {
  return {.kind = Initializer::Kind::kUniform, .scale = 1 / std::sqrt(static_cast<double>(n))};
}

}  // namespace

Ss2d::Ss2d(ParameterSet& parameters, const std::string& prefix, const MixerConfig& config)
    : config_(config),
      stacked_(DeclareStacked(parameters, prefix, config)),
      out_norm_(parameters, prefix + "out_norm", config.d_inner()),
      in_proj_(parameters, prefix + "in_proj", config.width, 2 * config.d_inner(), Bias::kNone),
      conv2d_(parameters, prefix + "conv2d", {config.d_inner(), 3, 3}),
      out_proj_(parameters, prefix + "out_proj", config.d_inner(), config.width, Bias::kNone),
      direction_weights_(parameters, prefix, config),
      attention_(parameters, prefix + "multi_scan.attn.", config) {}

Ss2d::StackedParameters Ss2d::DeclareStacked(ParameterSet& parameters, const std::string& prefix,
                                             const MixerConfig& config) {
  const int64_t k = config.num_directions();
  const int64_t d = config.d_inner();
  const int64_t r = config.dt_rank();
  StackedParameters stacked{};
  stacked.x_proj_weight = parameters.Declare(prefix + "x_proj_weight",
                                             {k, config.x_proj_width(), d}, InverseRootInit(d));
  stacked.dt_projs_weight =
      parameters.Declare(prefix + "dt_projs_weight", {k, d, r}, InverseRootInit(r));
  stacked.dt_projs_bias = parameters.Declare(prefix + "dt_projs_bias", {k, d},
                                             {.kind = Initializer::Kind::kStepSizeBias});
  stacked.A_logs = parameters.Declare(prefix + "A_logs", {k * d, config.d_state},
                                      {.kind = Initializer::Kind::kALog});
  stacked.Ds = parameters.Declare(prefix + "Ds", {k * d},
                                  {.kind = Initializer::Kind::kConstant, .scale = 1});
  return stacked;
}

absl::Status Ss2d::Pack(OpContext& context) {
  LM_RETURN_IF_ERROR(PackStacked(context));
  LM_RETURN_IF_ERROR(out_norm_.Pack(context));
  LM_RETURN_IF_ERROR(in_proj_.Pack(context, context.dtype));
  LM_RETURN_IF_ERROR(conv2d_.Pack(context));
  LM_RETURN_IF_ERROR(out_proj_.Pack(context, context.dtype));
  LM_RETURN_IF_ERROR(direction_weights_.Pack(context));
  return attention_.Pack(context);
}

absl::Status Ss2d::PackStacked(OpContext& context) {
  const int64_t k = config_.num_directions();
  const int64_t d = config_.d_inner();
  const int64_t r = config_.dt_rank();
  const int64_t padding = config_.rank_padding(context.dtype);
  rank_ = r + padding;
  LM_ASSIGN_OR_RETURN(Value x_proj,
                      PackParameter(context, *stacked_.x_proj_weight, context.dtype));
  LM_ASSIGN_OR_RETURN(Value dt_weight,
                      PackParameter(context, *stacked_.dt_projs_weight, context.dtype));
  if (padding > 0) {
    LM_ASSIGN_OR_RETURN(x_proj, ops::InsertZeros(context, x_proj, 1, r, padding));
    LM_ASSIGN_OR_RETURN(dt_weight, ops::InsertZeros(context, dt_weight, 2, r, padding));
  }
  x_proj_weight_ = ops::Reshape(context, x_proj, {k * (rank_ + 2 * config_.d_state), d});
  LM_ASSIGN_OR_RETURN(const Value dt_bias,
                      PackParameter(context, *stacked_.dt_projs_bias, DType::kFloat32));
  LM_ASSIGN_OR_RETURN(const Value A_logs,
                      PackParameter(context, *stacked_.A_logs, DType::kFloat32));
  LM_ASSIGN_OR_RETURN(const Value A, ops::Unary(context, UnaryFunction::kNegExp, A_logs));
  LM_ASSIGN_OR_RETURN(const Value Ds, PackParameter(context, *stacked_.Ds, DType::kFloat32));
  directions_.clear();
  for (int64_t i = 0; i < k; ++i) {
    directions_.push_back({.delta_weight = ops::Select(context, dt_weight, 0, i),
                           .delta_bias = ops::Select(context, dt_bias, 0, i),
                           .A = ops::Slice(context, A, 0, i * d, (i + 1) * d),
                           .D = ops::Slice(context, Ds, 0, i * d, (i + 1) * d)});
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> Ss2d::Forward(OpContext& context, const Value& x, const Value& residual,
                                    absl::Span<const ScanMaps> maps) const {
  LM_CHECK(maps.size() == directions_.size());
  const int64_t d = config_.d_inner();
  const int64_t tokens = x.dim(1) * x.dim(2);
  LM_ASSIGN_OR_RETURN(const Value xz, in_proj_.Forward(context, x));
  const Value z = ops::Slice(context, xz, 3, d, 2 * d);
  LM_ASSIGN_OR_RETURN(
      Value u, ops::DepthwiseConv2d(context, ops::Slice(context, xz, 3, 0, d), conv2d_.weight(),
                                    conv2d_.bias(), Activation::kSilu));
  u = ops::Reshape(context, u, {x.dim(0), tokens, d});
  LM_ASSIGN_OR_RETURN(const Value o, Scan(context, u, maps));
  LM_ASSIGN_OR_RETURN(ops::MergeOperands operands, attention_.Forward(context, o));
  operands.w = direction_weights_.softmax();
  LM_ASSIGN_OR_RETURN(Value merged, ops::MergeDirections(context, operands));
  merged = ops::Reshape(context, merged, {x.dim(0), x.dim(1), x.dim(2), d});
  LM_ASSIGN_OR_RETURN(const Value gated, out_norm_.Forward(context, merged, z));
  return out_proj_.Forward(context, gated, {.residual = residual});
}

absl::StatusOr<Value> Ss2d::Scan(OpContext& context, const Value& u,
                                 absl::Span<const ScanMaps> maps) const {
  const int64_t r = rank_;
  const int64_t n = config_.d_state;
  LM_ASSIGN_OR_RETURN(const Value p, ops::Linear(context, u, x_proj_weight_, /*bias=*/Value()));
  std::vector<ops::SelectiveScanOperands> scans(maps.size());
  int64_t column = 0;
  for (size_t i = 0; i < maps.size(); ++i, column += r + 2 * n) {
    scans[i].u = u;
    scans[i].delta = ops::Slice(context, p, 2, column, column + r);
    scans[i].B = ops::Slice(context, p, 2, column + r, column + r + n);
    scans[i].C = ops::Slice(context, p, 2, column + r + n, column + r + 2 * n);
    scans[i].delta_weight = directions_[i].delta_weight;
    scans[i].delta_bias = directions_[i].delta_bias;
    scans[i].A = directions_[i].A;
    scans[i].D = directions_[i].D;
    scans[i].read = maps[i].read;
    scans[i].write = maps[i].write;
  }
  return ops::SelectiveScan(context, scans, u.dim(1));
}

}  // namespace localmamba
