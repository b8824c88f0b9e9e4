#include "model/heads/segmenter.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"

namespace localmamba {
namespace {

std::vector<int64_t> Channels(const NetworkConfig& backbone) {
  std::vector<int64_t> channels;
  for (const FeatureShape& shape : FeatureShapes(backbone)) channels.push_back(shape.channels);
  return channels;
}

absl::Status AddStage(OpContext& context, std::string name, const Value& map,
                      NetworkOutput& output) {
  LM_ASSIGN_OR_RETURN(Value stage, ops::ChannelsFirst(context, map));
  output.stages.emplace_back(std::move(name), std::move(stage));
  return absl::OkStatus();
}

}  // namespace

Segmenter::Segmenter(const NetworkConfig& backbone, const SegmentationConfig& config)
    : backbone_(parameters_, backbone),
      decode_head_(parameters_, "decode_head.", config, Channels(backbone)) {
  if (config.auxiliary.has_value()) {
    const auto input = static_cast<size_t>(config.auxiliary->input);
    FcnHead head(parameters_, "auxiliary_head.", Channels(backbone)[input],
                 config.auxiliary->channels, config.num_classes);
    auxiliary_.emplace(Auxiliary{std::move(head), input});
  }
}

absl::Status Segmenter::Pack(OpContext& context) {
  LM_RETURN_IF_ERROR(backbone_.Pack(context));
  LM_RETURN_IF_ERROR(decode_head_.Pack(context));
  return auxiliary_.has_value() ? auxiliary_->head.Pack(context) : absl::OkStatus();
}

absl::StatusOr<NetworkOutput> Segmenter::Forward(OpContext& context, const Value& input,
                                                 const ForwardOptions& options) {
  LM_ASSIGN_OR_RETURN(const std::vector<Value> maps, backbone_.Forward(context, input, options));
  NetworkOutput output;
  LM_ASSIGN_OR_RETURN(output.logits, decode_head_.Forward(context, maps));
  if (!options.stages) return output;
  for (size_t i = 0; i < maps.size(); ++i) {
    LM_RETURN_IF_ERROR(AddStage(context, absl::StrCat("backbone.", i), maps[i], output));
  }
  LM_RETURN_IF_ERROR(AddStage(context, "logits", output.logits, output));
  if (auxiliary_.has_value()) {
    LM_ASSIGN_OR_RETURN(const Value logits,
                        auxiliary_->head.Forward(context, maps[auxiliary_->input]));
    LM_RETURN_IF_ERROR(AddStage(context, "aux_logits", logits, output));
  }
  return output;
}

}  // namespace localmamba
