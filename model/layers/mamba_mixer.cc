#include "model/layers/mamba_mixer.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {
namespace {

using Bias = LinearLayer::Bias;

Initializer OutProjInit(const MixerConfig& config, int64_t depth) {
  return {.kind = Initializer::Kind::kUniform,
          .scale = 1 / std::sqrt(static_cast<double>(config.d_inner() * depth))};
}

}  // namespace

MambaMixer::MambaMixer(ParameterSet& parameters, const std::string& prefix,
                       const MixerConfig& config, int64_t conv_width, int64_t depth)
    : config_(config),
      states_(DeclareStates(parameters, prefix, config)),
      in_proj_(parameters, prefix + "in_proj", config.width, 2 * config.d_inner(), Bias::kNone),
      direction_weights_(parameters, prefix, config),
      projections_(DeclareProjections(parameters, prefix, config, conv_width)),
      out_proj_(parameters, prefix + "out_proj", config.d_inner(), config.width, Bias::kNone,
                OutProjInit(config, depth)),
      attention_(parameters, prefix + "attn.", config) {}

std::vector<MambaMixer::State> MambaMixer::DeclareStates(ParameterSet& parameters,
                                                         const std::string& prefix,
                                                         const MixerConfig& config) {
  std::vector<State> states;
  for (int64_t i = 0; i < config.num_directions(); ++i) {
    Parameter* A_log =
        parameters.Declare(absl::StrCat(prefix, "A_log_", i), {config.d_inner(), config.d_state},
                           {.kind = Initializer::Kind::kALog});
    Parameter* D = parameters.Declare(absl::StrCat(prefix, "D_", i), {config.d_inner()},
                                      {.kind = Initializer::Kind::kConstant, .scale = 1});
    states.push_back({A_log, D, Value(), Value()});
  }
  return states;
}

std::vector<MambaMixer::Projections> MambaMixer::DeclareProjections(ParameterSet& parameters,
                                                                    const std::string& prefix,
                                                                    const MixerConfig& config,
                                                                    int64_t conv_width) {
  const int64_t d = config.d_inner();
  std::vector<Projections> projections;
  for (int64_t i = 0; i < config.num_directions(); ++i) {
    DepthwiseConvParameters conv1d(parameters, absl::StrCat(prefix, "conv1d_", i), {d, conv_width});
    LinearLayer x_proj(parameters, absl::StrCat(prefix, "x_proj_", i), d, config.x_proj_width(),
                       Bias::kNone);
    // Not Mamba's step-size initialisation: the official code overwrites it (reference §6.1).
    LinearLayer dt_proj(parameters, absl::StrCat(prefix, "dt_proj_", i), config.dt_rank(), d,
                        Bias::kZero);
    projections.push_back({conv1d, x_proj, dt_proj});
  }
  return projections;
}

absl::Status MambaMixer::Pack(OpContext& context) {
  for (State& state : states_) {
    LM_ASSIGN_OR_RETURN(const Value A_log,
                        PackParameter(context, *state.A_log_parameter, DType::kFloat32));
    LM_ASSIGN_OR_RETURN(state.A, ops::Unary(context, UnaryFunction::kNegExp, A_log));
    LM_ASSIGN_OR_RETURN(state.D, PackParameter(context, *state.D_parameter, DType::kFloat32));
  }
  LM_RETURN_IF_ERROR(in_proj_.Pack(context, context.dtype));
  LM_RETURN_IF_ERROR(direction_weights_.Pack(context));
  const int64_t padding = config_.rank_padding(context.dtype);
  rank_ = config_.dt_rank() + padding;
  for (Projections& projections : projections_) {
    LM_RETURN_IF_ERROR(projections.conv1d.Pack(context));
    LM_RETURN_IF_ERROR(projections.x_proj.Pack(context, context.dtype));
    LM_RETURN_IF_ERROR(projections.dt_proj.Pack(context, context.dtype));
    if (padding > 0) {
      LM_RETURN_IF_ERROR(projections.x_proj.InsertZeros(context, 0, config_.dt_rank(), padding));
      LM_RETURN_IF_ERROR(projections.dt_proj.InsertZeros(context, 1, config_.dt_rank(), padding));
    }
  }
  LM_RETURN_IF_ERROR(out_proj_.Pack(context, context.dtype));
  return attention_.Pack(context);
}

absl::StatusOr<Value> MambaMixer::Forward(OpContext& context, const Value& x,
                                          absl::Span<const ScanMaps> maps) const {
  LM_CHECK(maps.size() == states_.size());
  LM_ASSIGN_OR_RETURN(const Value xz, in_proj_.Forward(context, x));
  LM_ASSIGN_OR_RETURN(const Value o, Scan(context, xz, maps));
  LM_ASSIGN_OR_RETURN(ops::MergeOperands operands, attention_.Forward(context, o));
  operands.w = direction_weights_.softmax();
  LM_ASSIGN_OR_RETURN(const Value merged, ops::MergeDirections(context, operands));
  return out_proj_.Forward(context, merged);
}

absl::StatusOr<Value> MambaMixer::Scan(OpContext& context, const Value& xz,
                                       absl::Span<const ScanMaps> maps) const {
  const int64_t d = config_.d_inner();
  const int64_t r = rank_;
  const int64_t n = config_.d_state;
  const Value x = ops::Slice(context, xz, 2, 0, d);
  const Value z = ops::Slice(context, xz, 2, d, 2 * d);

  std::vector<ops::CausalConv1dOperands> convolutions;
  for (size_t i = 0; i < maps.size(); ++i) {
    const DepthwiseConvParameters& conv1d = projections_[i].conv1d;
    convolutions.push_back({x, maps[i].read, conv1d.weight(), conv1d.bias()});
  }
  LM_ASSIGN_OR_RETURN(const std::vector<Value> u,
                      ops::CausalConv1d(context, convolutions, Activation::kSilu));

  // u is in scan order already; z is read, and the output written, through the maps.
  std::vector<ops::SelectiveScanOperands> scans(maps.size());
  for (size_t i = 0; i < maps.size(); ++i) {
    LM_ASSIGN_OR_RETURN(const Value p, projections_[i].x_proj.Forward(context, u[i]));
    scans[i].u = u[i];
    scans[i].delta = ops::Slice(context, p, 2, 0, r);
    scans[i].B = ops::Slice(context, p, 2, r, r + n);
    scans[i].C = ops::Slice(context, p, 2, r + n, r + 2 * n);
    scans[i].z = z;
    scans[i].delta_weight = projections_[i].dt_proj.weight();
    scans[i].delta_bias = projections_[i].dt_proj.bias();
    scans[i].A = states_[i].A;
    scans[i].D = states_[i].D;
    scans[i].z_read = maps[i].read;
    scans[i].write = maps[i].write;
  }
  return ops::SelectiveScan(context, scans, xz.dim(1));
}

}  // namespace localmamba
