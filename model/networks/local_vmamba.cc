#include "model/networks/local_vmamba.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/autograd/profiler.h"
#include "model/autograd/recompute.h"
#include "model/networks/check_input.h"

namespace localmamba {
LocalVMamba::LocalVMamba(const LocalVMambaConfig& config)
    : config_(config),
      patch_embed_(parameters_, "patch_embed.0", config.patch_size, config.dims.front(),
                   PatchEmbed::Border::kDrop),
      patch_norm_(parameters_, "patch_embed.2", config.dims.front()),
      scan_maps_(config.scan.vertical_reverse, ScanMapCache::ClassToken::kNone) {
  size_t first_layer = 0;
  for (size_t s = 0; s < config.dims.size(); ++s) {
    stages_.push_back(DeclareStage(s, first_layer));
    first_layer += stages_.back().blocks.size();
  }
  if (config.num_classes > 0) {
    const int64_t width = config.dims.back();
    NormLayer norm(parameters_, "classifier.norm", width);
    LinearLayer head(parameters_, "classifier.head", width, config.num_classes,
                     LinearLayer::Bias::kZero);
    classifier_.emplace(Classifier{std::move(norm), std::move(head)});
  }
  for (const int64_t stage : config.out_indices) {
    out_norms_.emplace_back(parameters_, absl::StrCat("outnorm", stage),
                            config.dims[static_cast<size_t>(stage)]);
  }
}

LocalVMamba::Stage LocalVMamba::DeclareStage(size_t s, size_t first_layer) {
  const std::string prefix = absl::StrCat("layers.", s, ".");
  Stage stage{.first_layer = first_layer, .blocks = {}, .downsample = {}};
  for (int64_t b = 0; b < config_.depths[s]; ++b) {
    const std::string block = absl::StrCat(prefix, "blocks.", b, ".");
    const MixerConfig mixer =
        config_.scan.Mixer(first_layer + static_cast<size_t>(b), config_.dims[s]);
    NormLayer norm(parameters_, block + "norm", mixer.width);
    Ss2d op(parameters_, block + "op.", mixer);
    stage.blocks.push_back({mixer.directions, std::move(norm), std::move(op)});
  }
  if (s + 1 < config_.dims.size()) {
    stage.downsample.emplace(parameters_, prefix + "downsample.", config_.dims[s],
                             config_.dims[s + 1]);
  }
  return stage;
}

absl::Status LocalVMamba::Pack(OpContext& context) {
  kept_allocator_ = nullptr;
  LM_RETURN_IF_ERROR(patch_embed_.Pack(context));
  LM_RETURN_IF_ERROR(patch_norm_.Pack(context));
  for (Stage& stage : stages_) {
    for (Block& block : stage.blocks) {
      LM_RETURN_IF_ERROR(block.norm.Pack(context));
      LM_RETURN_IF_ERROR(block.op.Pack(context));
    }
    if (stage.downsample.has_value()) LM_RETURN_IF_ERROR(stage.downsample->Pack(context));
  }
  if (classifier_.has_value()) {
    LM_RETURN_IF_ERROR(classifier_->norm.Pack(context));
    // The pooled features are float32.
    LM_RETURN_IF_ERROR(classifier_->head.Pack(context, DType::kFloat32));
  }
  for (NormLayer& norm : out_norms_) LM_RETURN_IF_ERROR(norm.Pack(context));
  kept_allocator_ = &context.allocator;
  return absl::OkStatus();
}

absl::StatusOr<NetworkOutput> LocalVMamba::Forward(OpContext& context, const Value& input,
                                                   const ForwardOptions& options) {
  LM_RETURN_IF_ERROR(CheckInput(context, input, config_.patch_size, kept_allocator_ != nullptr));
  NetworkOutput output;
  LM_ASSIGN_OR_RETURN(Value x, Embed(context, input));
  for (size_t s = 0; s < stages_.size(); ++s) {
    LM_ASSIGN_OR_RETURN(x, RunBlocks(context, s, x, options));
    const size_t features = output.features.size();
    if (features < out_norms_.size() && config_.out_indices[features] == static_cast<int64_t>(s)) {
      const LayerScope layer(context, "outnorm", s);
      LM_ASSIGN_OR_RETURN(Value feature, out_norms_[features].Forward(context, x));
      if (!options.channels_last_features) {
        LM_ASSIGN_OR_RETURN(feature, ops::ChannelsFirst(context, feature));
      }
      output.features.push_back(std::move(feature));
    }
    if (!classifier_.has_value() && output.features.size() == out_norms_.size()) return output;
    if (stages_[s].downsample.has_value()) {
      const LayerScope layer(context, "layers.", s, ".downsample");
      LM_ASSIGN_OR_RETURN(x, stages_[s].downsample->Forward(context, x));
    }
  }
  if (classifier_.has_value()) LM_RETURN_IF_ERROR(Classify(context, x, output));
  return output;
}

absl::StatusOr<Value> LocalVMamba::Embed(OpContext& context, const Value& input) const {
  const LayerScope layer(context, "patch_embed");
  LM_ASSIGN_OR_RETURN(const Value x, patch_embed_.Forward(context, input));
  return patch_norm_.Forward(context, x);
}

absl::StatusOr<Value> LocalVMamba::RunBlocks(OpContext& context, size_t s, const Value& x,
                                             const ForwardOptions& options) {
  OpContext keeping = Keeping(context);
  Value y = x;
  for (size_t b = 0; b < stages_[s].blocks.size(); ++b) {
    const LayerScope scope(context, "layers.", s, ".blocks.", b);
    LM_ASSIGN_OR_RETURN(
        const std::vector<ScanMaps> maps,
        scan_maps_.Get(keeping, stages_[s].blocks[b].directions, y.dim(1), y.dim(2)));
    const Value factor = options.branch_factor(stages_[s].first_layer + b);
    const Segment block = [&block = stages_[s].blocks[b], maps, factor](
                              OpContext& context,
                              absl::Span<const Value> in) -> absl::StatusOr<std::vector<Value>> {
      LM_ASSIGN_OR_RETURN(const Value normed, block.norm.Forward(context, in[0]));
      LM_ASSIGN_OR_RETURN(
          Value out, block.op.Forward(context, normed, factor.empty() ? in[0] : Value(), maps));
      if (!factor.empty()) {
        LM_ASSIGN_OR_RETURN(const Value branch, ScaleBranch(context, out, factor));
        LM_ASSIGN_OR_RETURN(out, ops::AddResidual(context, branch, in[0]));
      }
      return std::vector<Value>{std::move(out)};
    };
    LM_ASSIGN_OR_RETURN(const std::vector<Value> results,
                        options.recompute ? Recompute(context, {y}, block) : block(context, {y}));
    y = results[0];
  }
  return y;
}

absl::Status LocalVMamba::Classify(OpContext& context, const Value& x,
                                   NetworkOutput& output) const {
  const LayerScope layer(context, "classifier");
  const Value tokens = ops::Reshape(context, x, {x.dim(0), x.dim(1) * x.dim(2), x.dim(3)});
  const ops::NormOperands& norm = classifier_->norm.operands();
  LM_ASSIGN_OR_RETURN(output.pooled, ops::PooledLayerNorm(context, tokens, norm.weight, norm.bias));
  LM_ASSIGN_OR_RETURN(output.logits, classifier_->head.Forward(context, output.pooled));
  return absl::OkStatus();
}

}  // namespace localmamba
