#include "server/repository/head_spec_proto.h"

#include <cstdint>
#include <variant>

#include "kernels/base/status_macros.h"
#include "server/repository/proto_values.h"

namespace localmamba {
namespace {

constexpr EnumTable<v1::Neck, NeckKind, 2> kNecks = {{
    {v1::NECK_FPN, NeckKind::kFpn},
    {v1::NECK_SIMPLE_FPN, NeckKind::kSimpleFpn},
}};

int32_t Int32(int64_t value) { return static_cast<int32_t>(value); }

absl::StatusOr<DetectionConfig> DetectionFromProto(const v1::DetectionSpec& proto) {
  DetectionConfig config;
  LM_ASSIGN_OR_RETURN(config.neck, PlainEnum(kNecks, proto.neck(), "detection.neck"));
  if (proto.has_num_classes()) config.num_classes = proto.num_classes();
  if (proto.has_channels()) config.channels = proto.channels();
  if (proto.has_rpn_convs()) config.rpn_convs = proto.rpn_convs();
  if (proto.has_box_convs()) config.box_convs = proto.box_convs();
  if (proto.has_box_fcs()) config.box_fcs = proto.box_fcs();
  if (proto.has_box_fc_width()) config.box_fc_width = proto.box_fc_width();
  if (proto.has_mask_convs()) config.mask_convs = proto.mask_convs();
  config.norm = proto.norm();
  if (proto.has_proposal_candidates()) config.proposal_candidates = proto.proposal_candidates();
  if (proto.has_max_proposals()) config.max_proposals = proto.max_proposals();
  if (proto.has_proposal_iou()) config.proposal_iou = proto.proposal_iou();
  if (proto.has_score_threshold()) config.score_threshold = proto.score_threshold();
  if (proto.has_iou_threshold()) config.iou_threshold = proto.iou_threshold();
  if (proto.has_max_detections()) config.max_detections = proto.max_detections();
  return config;
}

void DetectionToProto(const DetectionConfig& config, v1::DetectionSpec* proto) {
  proto->set_neck(ProtoEnum(kNecks, config.neck));
  proto->set_num_classes(Int32(config.num_classes));
  proto->set_channels(Int32(config.channels));
  proto->set_rpn_convs(Int32(config.rpn_convs));
  proto->set_box_convs(Int32(config.box_convs));
  proto->set_box_fcs(Int32(config.box_fcs));
  proto->set_box_fc_width(Int32(config.box_fc_width));
  proto->set_mask_convs(Int32(config.mask_convs));
  proto->set_norm(config.norm);
  proto->set_proposal_candidates(Int32(config.proposal_candidates));
  proto->set_max_proposals(Int32(config.max_proposals));
  proto->set_proposal_iou(config.proposal_iou);
  proto->set_score_threshold(config.score_threshold);
  proto->set_iou_threshold(config.iou_threshold);
  proto->set_max_detections(Int32(config.max_detections));
}

SlideConfig SlideFromProto(const v1::SlideSpec& proto) {
  SlideConfig config;
  if (proto.has_window_height()) config.window_height = proto.window_height();
  if (proto.has_window_width()) config.window_width = proto.window_width();
  if (proto.has_step_height()) config.step_height = proto.step_height();
  if (proto.has_step_width()) config.step_width = proto.step_width();
  return config;
}

SegmentationConfig SegmentationFromProto(const v1::SegmentationSpec& proto) {
  SegmentationConfig config;
  if (proto.has_num_classes()) config.num_classes = proto.num_classes();
  if (proto.has_channels()) config.channels = proto.channels();
  if (!proto.pool_scales().empty()) config.pool_scales = ToVector(proto.pool_scales());
  if (proto.has_auxiliary()) {
    config.auxiliary.emplace();
    if (proto.auxiliary().has_channels()) config.auxiliary->channels = proto.auxiliary().channels();
    if (proto.auxiliary().has_input()) config.auxiliary->input = proto.auxiliary().input();
  }
  if (proto.has_slide()) config.slide = SlideFromProto(proto.slide());
  return config;
}

void SegmentationToProto(const SegmentationConfig& config, v1::SegmentationSpec* proto) {
  proto->set_num_classes(Int32(config.num_classes));
  proto->set_channels(Int32(config.channels));
  ToRepeated(config.pool_scales, proto->mutable_pool_scales());
  if (config.auxiliary.has_value()) {
    proto->mutable_auxiliary()->set_channels(Int32(config.auxiliary->channels));
    proto->mutable_auxiliary()->set_input(Int32(config.auxiliary->input));
  }
  if (!config.slide.has_value()) return;
  v1::SlideSpec* slide = proto->mutable_slide();
  slide->set_window_height(Int32(config.slide->window_height));
  slide->set_window_width(Int32(config.slide->window_width));
  slide->set_step_height(Int32(config.slide->step_height));
  slide->set_step_width(Int32(config.slide->step_width));
}

}  // namespace

absl::StatusOr<HeadConfig> HeadFromProto(const v1::ModelSpec& proto) {
  if (proto.has_detection()) {
    LM_ASSIGN_OR_RETURN(const DetectionConfig config, DetectionFromProto(proto.detection()));
    return HeadConfig(config);
  }
  if (proto.has_segmentation()) return HeadConfig(SegmentationFromProto(proto.segmentation()));
  return HeadConfig();
}

void HeadToProto(const HeadConfig& head, v1::ModelSpec* proto) {
  if (const auto* detection = std::get_if<DetectionConfig>(&head)) {
    DetectionToProto(*detection, proto->mutable_detection());
  }
  if (const auto* segmentation = std::get_if<SegmentationConfig>(&head)) {
    SegmentationToProto(*segmentation, proto->mutable_segmentation());
  }
}

KeepRatioConfig KeepRatioFromProto(const v1::ModelSpec& proto) {
  const v1::KeepRatioSpec& keep_ratio = proto.preprocess().keep_ratio();
  KeepRatioConfig config;
  if (proto.has_segmentation()) config = {.long_side = 2048, .short_side = 512, .pad_divisor = 1};
  if (keep_ratio.has_long_side()) config.long_side = keep_ratio.long_side();
  if (keep_ratio.has_short_side()) config.short_side = keep_ratio.short_side();
  if (keep_ratio.has_pad_divisor()) config.pad_divisor = keep_ratio.pad_divisor();
  if (keep_ratio.has_pad_side()) config.pad_side = keep_ratio.pad_side();
  if (keep_ratio.has_pad_value()) config.pad_value = keep_ratio.pad_value();
  return config;
}

void KeepRatioToProto(const KeepRatioConfig& config, v1::KeepRatioSpec* proto) {
  proto->set_long_side(Int32(config.long_side));
  proto->set_short_side(Int32(config.short_side));
  proto->set_pad_divisor(Int32(config.pad_divisor));
  proto->set_pad_side(Int32(config.pad_side));
  proto->set_pad_value(Int32(config.pad_value));
}

}  // namespace localmamba
