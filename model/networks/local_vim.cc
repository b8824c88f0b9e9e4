#include "model/networks/local_vim.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/autograd/profiler.h"
#include "model/autograd/recompute.h"
#include "model/layers/pack_parameter.h"
#include "model/networks/check_input.h"

namespace localmamba {
namespace {

using Kind = Initializer::Kind;

}  // namespace

LocalVim::LocalVim(const LocalVimConfig& config)
    : config_(config),
      class_token_parameter_(
          config.middle_class_token
              ? parameters_.Declare("cls_token", {1, 1, config.embed_dim}, Initializer())
              : nullptr),
      pos_embed_(DeclarePosEmbed()),
      patch_embed_(parameters_, "patch_embed.proj", config.patch_size, config.embed_dim,
                   PatchEmbed::Border::kPad),
      rope_(DeclareRope()),
      scan_maps_(config.scan.vertical_reverse, config.middle_class_token
                                                   ? ScanMapCache::ClassToken::kMiddle
                                                   : ScanMapCache::ClassToken::kNone) {
  const int64_t width = config.embed_dim;
  const auto depth = static_cast<int64_t>(config.scan.directions.size());
  if (config.num_classes > 0) {
    head_.emplace(parameters_, "head", width, config.num_classes, LinearLayer::Bias::kZero);
  }
  for (size_t l = 0; l < config.scan.directions.size(); ++l) {
    const std::string prefix = absl::StrCat("layers.", l, ".");
    MambaMixer mixer(parameters_, prefix + "mixer.", config.scan.Mixer(l, width), config.conv_width,
                     depth);
    NormLayer norm(parameters_, prefix + "norm", width, config.norm);
    layers_.push_back({std::move(mixer), std::move(norm)});
  }
  if (config.num_classes > 0) norm_f_.emplace(parameters_, "norm_f", width, config.norm);
  for (size_t i = 0; i < config.out_indices.size(); ++i) {
    out_norms_.emplace_back(parameters_, absl::StrCat("outnorm_", i), width);
  }
}

GridTable LocalVim::DeclarePosEmbed() {
  const int64_t height = config_.image_height / config_.patch_size;
  const int64_t width = config_.image_width / config_.patch_size;
  const int64_t rows = height * width + (config_.middle_class_token ? 1 : 0);
  const Parameter* table = parameters_.Declare("pos_embed", {1, rows, config_.embed_dim},
                                               {.kind = Kind::kNormal, .scale = 0.02});
  return {table, height, width};
}

std::optional<LocalVim::Rope> LocalVim::DeclareRope() {
  if (!config_.rope) return std::nullopt;
  const int64_t height = config_.image_height / config_.patch_size;
  const int64_t width = config_.image_width / config_.patch_size;
  const auto declare = [&](const char* name, Kind kind) {
    return parameters_.Declare(name, {height * width, config_.embed_dim},
                               {.kind = kind, .grid_height = height, .grid_width = width},
                               /*trainable=*/false);
  };
  const Parameter* cos = declare("rope.freqs_cos", Kind::kRopeCos);
  const Parameter* sin = declare("rope.freqs_sin", Kind::kRopeSin);
  return Rope{GridTable(cos, height, width), GridTable(sin, height, width)};
}

absl::Status LocalVim::Pack(OpContext& context) {
  kept_allocator_ = nullptr;
  if (class_token_parameter_ != nullptr) {
    LM_ASSIGN_OR_RETURN(const Value token,
                        PackParameter(context, *class_token_parameter_, context.dtype));
    class_token_ = ops::Reshape(context, token, {config_.embed_dim});
  }
  LM_RETURN_IF_ERROR(pos_embed_.Pack(context, context.dtype));
  LM_RETURN_IF_ERROR(patch_embed_.Pack(context));
  if (rope_.has_value()) {
    LM_RETURN_IF_ERROR(rope_->cos.Pack(context, DType::kFloat32));
    LM_RETURN_IF_ERROR(rope_->sin.Pack(context, DType::kFloat32));
  }
  for (Layer& layer : layers_) {
    LM_RETURN_IF_ERROR(layer.mixer.Pack(context));
    LM_RETURN_IF_ERROR(layer.norm.Pack(context));
  }
  if (head_.has_value()) {
    LM_RETURN_IF_ERROR(head_->Pack(context, context.dtype));
    LM_RETURN_IF_ERROR(norm_f_->Pack(context));
  }
  for (NormLayer& norm : out_norms_) LM_RETURN_IF_ERROR(norm.Pack(context));
  kept_allocator_ = &context.allocator;
  return absl::OkStatus();
}

absl::StatusOr<NetworkOutput> LocalVim::Forward(OpContext& context, const Value& input,
                                                const ForwardOptions& options) {
  LM_RETURN_IF_ERROR(CheckInput(context, input, /*min_side=*/1, kept_allocator_ != nullptr));
  LM_ASSIGN_OR_RETURN(const Tokens tokens, Embed(context, input));
  OpContext keeping = Keeping(context);
  Value rope_cos;
  Value rope_sin;
  if (rope_.has_value()) {
    LM_ASSIGN_OR_RETURN(rope_cos, rope_->cos.At(keeping, tokens.height, tokens.width));
    LM_ASSIGN_OR_RETURN(rope_sin, rope_->sin.At(keeping, tokens.height, tokens.width));
  }
  NetworkOutput output;
  Value hidden = tokens.values;
  Value residual;
  Value factor;  // of the branch that `hidden` is
  for (size_t l = 0; l < layers_.size(); ++l) {
    const size_t features = output.features.size();
    if (!head_.has_value() && features == out_norms_.size()) return output;
    LM_ASSIGN_OR_RETURN(
        const std::vector<ScanMaps> maps,
        scan_maps_.Get(keeping, config_.scan.directions[l], tokens.height, tokens.width));
    const LayerScope scope(context, "layers.", l);
    const Segment layer = [&layer = layers_[l], rope_cos, rope_sin, maps, factor](
                              OpContext& context,
                              absl::Span<const Value> in) -> absl::StatusOr<std::vector<Value>> {
      LM_ASSIGN_OR_RETURN(const Value branch, ScaleBranch(context, in[0], factor));
      LM_ASSIGN_OR_RETURN(
          const ops::AddNormResult sum,
          ops::AddNorm(context, branch, in[1], rope_cos, rope_sin, layer.norm.operands()));
      LM_ASSIGN_OR_RETURN(Value out, layer.mixer.Forward(context, sum.y, maps));
      return std::vector<Value>{std::move(out), sum.residual};
    };
    LM_ASSIGN_OR_RETURN(const std::vector<Value> results,
                        options.recompute ? Recompute(context, {hidden, residual}, layer)
                                          : layer(context, {hidden, residual}));
    hidden = results[0];
    residual = results[1];
    factor = options.branch_factor(l);
    if (features < out_norms_.size() && config_.out_indices[features] == static_cast<int64_t>(l)) {
      LM_ASSIGN_OR_RETURN(Value feature, Feature(context, hidden, out_norms_[features], tokens));
      if (!options.channels_last_features) {
        LM_ASSIGN_OR_RETURN(feature, ops::ChannelsFirst(context, feature));
      }
      output.features.push_back(std::move(feature));
    }
  }
  if (head_.has_value()) {
    LM_ASSIGN_OR_RETURN(hidden, ScaleBranch(context, hidden, factor));
    LM_RETURN_IF_ERROR(Classify(context, hidden, residual, output));
  }
  return output;
}

absl::StatusOr<LocalVim::Tokens> LocalVim::Embed(OpContext& context, const Value& input) {
  const LayerScope layer(context, "patch_embed");
  LM_ASSIGN_OR_RETURN(const Value patches, patch_embed_.Forward(context, input));
  Tokens tokens{.values = {}, .height = patches.dim(1), .width = patches.dim(2)};
  const int64_t cells = tokens.height * tokens.width;
  Value x = ops::Reshape(context, patches, {patches.dim(0), cells, config_.embed_dim});
  if (config_.middle_class_token) {
    LM_ASSIGN_OR_RETURN(x, ops::InsertToken(context, x, class_token_, cells / 2));
  }
  OpContext keeping = Keeping(context);
  LM_ASSIGN_OR_RETURN(const Value pos_embed, pos_embed_.At(keeping, tokens.height, tokens.width));
  LM_ASSIGN_OR_RETURN(tokens.values, ops::Add(context, x, pos_embed));
  return tokens;
}

absl::Status LocalVim::Classify(OpContext& context, const Value& hidden, const Value& residual,
                                NetworkOutput& output) const {
  const LayerScope layer(context, "head");
  LM_ASSIGN_OR_RETURN(const ops::AddNormResult final,
                      ops::AddNorm(context, hidden, residual, /*rope_cos=*/Value(),
                                   /*rope_sin=*/Value(), norm_f_->operands()));
  if (config_.middle_class_token) {
    output.pooled = ops::Select(context, final.y, 1, (final.y.dim(1) - 1) / 2);
  } else {
    LM_ASSIGN_OR_RETURN(output.pooled, ops::MeanTokens(context, final.y));
  }
  LM_ASSIGN_OR_RETURN(output.logits, head_->Forward(context, output.pooled));
  return absl::OkStatus();
}

absl::StatusOr<Value> LocalVim::Feature(OpContext& context, const Value& hidden,
                                        const NormLayer& norm, const Tokens& tokens) const {
  const LayerScope layer(context, "outnorm");
  Value x = hidden;
  if (config_.middle_class_token) {
    LM_ASSIGN_OR_RETURN(x, WithoutClassToken(context, x));
  }
  LM_ASSIGN_OR_RETURN(x, norm.Forward(context, x));
  return ops::Reshape(context, x, {x.dim(0), tokens.height, tokens.width, x.dim(2)});
}

absl::StatusOr<Value> LocalVim::WithoutClassToken(OpContext& context, const Value& x) const {
  const int64_t cells = x.dim(1) - 1;
  std::vector<Value> parts;
  for (int64_t b = 0; b < x.dim(0); ++b) {
    const Value image = ops::Select(context, x, 0, b);
    parts.push_back(ops::Slice(context, image, 0, 0, cells / 2));
    parts.push_back(ops::Slice(context, image, 0, cells / 2 + 1, cells + 1));
  }
  LM_ASSIGN_OR_RETURN(const Value rows, ops::ConcatRows(context, parts));
  return ops::Reshape(context, rows, {x.dim(0), cells, x.dim(2)});
}

}  // namespace localmamba
