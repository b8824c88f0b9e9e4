#include "server/repository/model_spec_proto.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "server/repository/head_spec_proto.h"
#include "server/repository/proto_values.h"

namespace localmamba {
namespace {

constexpr EnumTable<v1::Task, ModelTask, 4> kTasks = {{
    {v1::TASK_CLASSIFICATION, ModelTask::kClassification},
    {v1::TASK_FEATURES, ModelTask::kFeatures},
    {v1::TASK_DETECTION, ModelTask::kDetection},
    {v1::TASK_SEGMENTATION, ModelTask::kSegmentation},
}};
constexpr EnumTable<v1::Attention, AttentionKind, 3> kAttentions = {{
    {v1::ATTENTION_CHANNEL, AttentionKind::kChannel},
    {v1::ATTENTION_NONE, AttentionKind::kNone},
    {v1::ATTENTION_CHANNEL_SPATIAL, AttentionKind::kChannelSpatial},
}};
constexpr EnumTable<v1::VerticalReverse, VerticalReverse, 2> kVerticalReverses = {{
    {v1::VERTICAL_REVERSE_EXACT, VerticalReverse::kExact},
    {v1::VERTICAL_REVERSE_OFFICIAL, VerticalReverse::kOfficial},
}};
constexpr EnumTable<v1::Norm, NormKind, 2> kNorms = {{
    {v1::NORM_RMS, NormKind::kRms},
    {v1::NORM_LAYER, NormKind::kLayer},
}};
constexpr EnumTable<v1::Interpolation, ResizeFilter, 2> kInterpolations = {{
    {v1::INTERPOLATION_BICUBIC, ResizeFilter::kBicubic},
    {v1::INTERPOLATION_BILINEAR, ResizeFilter::kBilinear},
}};

absl::StatusOr<ScanConfig> ScanFromProto(const v1::ScanSpec& proto) {
  ScanConfig config;
  for (int layer = 0; layer < proto.layers_size(); ++layer) {
    LayerDirections& directions = config.directions.emplace_back();
    for (int i = 0; i < proto.layers(layer).directions_size(); ++i) {
      auto direction = ScanDirection::Parse(proto.layers(layer).directions(i));
      if (!direction.ok()) {
        return Annotate(direction.status(),
                        absl::StrCat("scan.layers[", layer, "].directions[", i, "]"));
      }
      directions.push_back(*direction);
    }
  }
  config.supernet = proto.supernet();
  LM_ASSIGN_OR_RETURN(config.attention,
                      PlainEnum(kAttentions, proto.attention(), "scan.attention"));
  LM_ASSIGN_OR_RETURN(
      config.vertical_reverse,
      PlainEnum(kVerticalReverses, proto.vertical_reverse(), "scan.vertical_reverse"));
  if (proto.has_d_state()) config.d_state = proto.d_state();
  return config;
}

void ScanToProto(const ScanConfig& config, v1::ScanSpec* proto) {
  for (const LayerDirections& directions : config.directions) {
    v1::LayerSpec* layer = proto->add_layers();
    for (const ScanDirection& direction : directions) layer->add_directions(direction.ToString());
  }
  proto->set_supernet(config.supernet);
  proto->set_attention(ProtoEnum(kAttentions, config.attention));
  proto->set_vertical_reverse(ProtoEnum(kVerticalReverses, config.vertical_reverse));
  proto->set_d_state(static_cast<int32_t>(config.d_state));
}

absl::StatusOr<LocalVimConfig> LocalVimFromProto(const v1::LocalVimSpec& proto) {
  LocalVimConfig config;
  LM_ASSIGN_OR_RETURN(config.scan, ScanFromProto(proto.scan()));
  if (proto.has_image_height()) config.image_height = proto.image_height();
  if (proto.has_image_width()) config.image_width = proto.image_width();
  if (proto.has_patch_size()) config.patch_size = proto.patch_size();
  if (proto.has_embed_dim()) config.embed_dim = proto.embed_dim();
  if (proto.has_conv_width()) config.conv_width = proto.conv_width();
  config.middle_class_token = proto.middle_class_token();
  if (proto.has_rope()) config.rope = proto.rope();
  LM_ASSIGN_OR_RETURN(config.norm, PlainEnum(kNorms, proto.norm(), "norm"));
  if (proto.has_num_classes()) config.num_classes = proto.num_classes();
  config.out_indices = ToVector(proto.out_indices());
  return config;
}

void LocalVimToProto(const LocalVimConfig& config, v1::LocalVimSpec* proto) {
  ScanToProto(config.scan, proto->mutable_scan());
  proto->set_image_height(static_cast<int32_t>(config.image_height));
  proto->set_image_width(static_cast<int32_t>(config.image_width));
  proto->set_patch_size(static_cast<int32_t>(config.patch_size));
  proto->set_embed_dim(static_cast<int32_t>(config.embed_dim));
  proto->set_conv_width(static_cast<int32_t>(config.conv_width));
  proto->set_middle_class_token(config.middle_class_token);
  proto->set_rope(config.rope);
  proto->set_norm(ProtoEnum(kNorms, config.norm));
  proto->set_num_classes(static_cast<int32_t>(config.num_classes));
  ToRepeated(config.out_indices, proto->mutable_out_indices());
}

absl::StatusOr<LocalVMambaConfig> LocalVMambaFromProto(const v1::LocalVMambaSpec& proto) {
  LocalVMambaConfig config;
  LM_ASSIGN_OR_RETURN(config.scan, ScanFromProto(proto.scan()));
  if (proto.has_patch_size()) config.patch_size = proto.patch_size();
  if (!proto.dims().empty()) config.dims = ToVector(proto.dims());
  if (!proto.depths().empty()) config.depths = ToVector(proto.depths());
  if (proto.has_num_classes()) config.num_classes = proto.num_classes();
  config.out_indices = ToVector(proto.out_indices());
  return config;
}

void LocalVMambaToProto(const LocalVMambaConfig& config, v1::LocalVMambaSpec* proto) {
  ScanToProto(config.scan, proto->mutable_scan());
  proto->set_patch_size(static_cast<int32_t>(config.patch_size));
  ToRepeated(config.dims, proto->mutable_dims());
  ToRepeated(config.depths, proto->mutable_depths());
  proto->set_num_classes(static_cast<int32_t>(config.num_classes));
  ToRepeated(config.out_indices, proto->mutable_out_indices());
}

// An empty list leaves `channels` as it is.
template <class Repeated>
absl::Status ChannelsFromProto(const Repeated& values, absl::string_view field,
                               std::array<float, 3>& channels) {
  if (values.empty()) return absl::OkStatus();
  if (values.size() != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("preprocess.", field, " has ", values.size(), " numbers, wanted 3"));
  }
  std::copy(values.begin(), values.end(), channels.begin());
  return absl::OkStatus();
}

absl::StatusOr<PreprocessConfig> PreprocessFromProto(const v1::PreprocessSpec& proto) {
  PreprocessConfig config;
  if (proto.has_resize_short_side()) config.resize_short_side = proto.resize_short_side();
  LM_ASSIGN_OR_RETURN(
      config.filter, PlainEnum(kInterpolations, proto.interpolation(), "preprocess.interpolation"));
  if (proto.has_crop_height()) config.crop_height = proto.crop_height();
  if (proto.has_crop_width()) config.crop_width = proto.crop_width();
  LM_RETURN_IF_ERROR(ChannelsFromProto(proto.mean(), "mean", config.normalization.mean));
  LM_RETURN_IF_ERROR(ChannelsFromProto(proto.std(), "std", config.normalization.std));
  return config;
}

void PreprocessToProto(const PreprocessConfig& config, v1::PreprocessSpec* proto) {
  proto->set_resize_short_side(static_cast<int32_t>(config.resize_short_side));
  proto->set_interpolation(ProtoEnum(kInterpolations, config.filter));
  proto->set_crop_height(static_cast<int32_t>(config.crop_height));
  proto->set_crop_width(static_cast<int32_t>(config.crop_width));
  for (const float value : config.normalization.mean) proto->add_mean(value);
  for (const float value : config.normalization.std) proto->add_std(value);
}

VersionPolicy VersionPolicyFromProto(const v1::VersionPolicy& proto) {
  if (proto.has_all()) return AllVersions();
  if (proto.has_specific()) {
    const auto& versions = proto.specific().versions();
    return SpecificVersions{.versions = {versions.begin(), versions.end()}};
  }
  LatestVersions latest;
  if (proto.latest().has_num_versions()) latest.count = proto.latest().num_versions();
  return latest;
}

void VersionPolicyToProto(const VersionPolicy& policy, v1::VersionPolicy* proto) {
  if (const auto* latest = std::get_if<LatestVersions>(&policy)) {
    proto->mutable_latest()->set_num_versions(latest->count);
  } else if (const auto* specific = std::get_if<SpecificVersions>(&policy)) {
    proto->mutable_specific()->mutable_versions()->Add(specific->versions.begin(),
                                                       specific->versions.end());
  } else {
    proto->mutable_all();
  }
}

absl::StatusOr<NetworkConfig> NetworkFromProto(const v1::ModelSpec& proto) {
  if (proto.has_local_vim()) {
    absl::StatusOr<LocalVimConfig> config = LocalVimFromProto(proto.local_vim());
    if (!config.ok()) return Annotate(config.status(), "local_vim");
    return NetworkConfig(*std::move(config));
  }
  if (proto.has_local_vmamba()) {
    absl::StatusOr<LocalVMambaConfig> config = LocalVMambaFromProto(proto.local_vmamba());
    if (!config.ok()) return Annotate(config.status(), "local_vmamba");
    return NetworkConfig(*std::move(config));
  }
  return absl::InvalidArgumentError("no network is given, wanted local_vim or local_vmamba");
}

}  // namespace

absl::StatusOr<ModelSpec> ModelSpecFromProto(const v1::ModelSpec& proto) {
  ModelSpec spec;
  LM_ASSIGN_OR_RETURN(spec.task, PlainEnum(kTasks, proto.task(), "task"));
  spec.description = proto.description();
  LM_ASSIGN_OR_RETURN(spec.network, NetworkFromProto(proto));
  LM_ASSIGN_OR_RETURN(spec.head, HeadFromProto(proto));
  LM_ASSIGN_OR_RETURN(spec.preprocess, PreprocessFromProto(proto.preprocess()));
  if (proto.has_detection() || proto.has_segmentation() || proto.preprocess().has_keep_ratio()) {
    spec.keep_ratio = KeepRatioFromProto(proto);
  }
  spec.version_labels.insert(proto.version_labels().begin(), proto.version_labels().end());
  spec.version_policy = VersionPolicyFromProto(proto.version_policy());
  return spec;
}

v1::ModelSpec ModelSpecToProto(const ModelSpec& spec) {
  v1::ModelSpec proto;
  proto.set_task(ProtoEnum(kTasks, spec.task));
  proto.set_description(spec.description);
  if (const auto* config = std::get_if<LocalVimConfig>(&spec.network)) {
    LocalVimToProto(*config, proto.mutable_local_vim());
  } else {
    LocalVMambaToProto(std::get<LocalVMambaConfig>(spec.network), proto.mutable_local_vmamba());
  }
  HeadToProto(spec.head, &proto);
  PreprocessToProto(spec.preprocess, proto.mutable_preprocess());
  if (spec.keep_ratio.has_value()) {
    KeepRatioToProto(*spec.keep_ratio, proto.mutable_preprocess()->mutable_keep_ratio());
  }
  proto.mutable_version_labels()->insert(spec.version_labels.begin(), spec.version_labels.end());
  VersionPolicyToProto(spec.version_policy, proto.mutable_version_policy());
  return proto;
}

}  // namespace localmamba
