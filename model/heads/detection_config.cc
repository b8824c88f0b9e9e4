#include "model/heads/detection_config.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

// Far beyond any sensible detector (network_config.cc says why there are limits).
constexpr int64_t kMaxClasses = 65536;
constexpr int64_t kMaxWidth = 16384;
constexpr int64_t kMaxConvs = 64;
constexpr int64_t kMaxBoxes = 65536;

absl::Status InRange(absl::string_view field, int64_t value, int64_t low, int64_t high) {
  if (low <= value && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ", wanted ", low, " to ", high));
}

absl::Status IsFraction(absl::string_view field, float value) {
  if (value >= 0 && value <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, ", wanted 0 to 1"));
}

absl::Status ValidateNeck(const DetectionConfig& config, const NetworkConfig& backbone) {
  const size_t features =
      std::visit([](const auto& family) { return family.out_indices.size(); }, backbone);
  if (config.neck == NeckKind::kFpn) {
    if (features >= 1 && std::holds_alternative<LocalVMambaConfig>(backbone)) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        "neck NECK_FPN wants a local_vmamba with the stages of the pyramid in out_indices");
  }
  const auto* vim = std::get_if<LocalVimConfig>(&backbone);
  if (features == 1 && vim != nullptr && vim->embed_dim % 4 == 0 && vim->patch_size % 4 == 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "neck NECK_SIMPLE_FPN wants a local_vim with one entry in out_indices and an embed_dim and "
      "patch_size that 4 divides");
}

}  // namespace

absl::Status Validate(const DetectionConfig& config, const NetworkConfig& backbone) {
  LM_RETURN_IF_ERROR(ValidateNeck(config, backbone));
  LM_RETURN_IF_ERROR(InRange("num_classes", config.num_classes, 1, kMaxClasses));
  LM_RETURN_IF_ERROR(InRange("channels", config.channels, 1, kMaxWidth));
  LM_RETURN_IF_ERROR(InRange("rpn_convs", config.rpn_convs, 1, kMaxConvs));
  LM_RETURN_IF_ERROR(InRange("box_convs", config.box_convs, 0, kMaxConvs));
  LM_RETURN_IF_ERROR(InRange("box_fcs", config.box_fcs, 1, kMaxConvs));
  LM_RETURN_IF_ERROR(InRange("box_fc_width", config.box_fc_width, 1, kMaxWidth));
  LM_RETURN_IF_ERROR(InRange("mask_convs", config.mask_convs, 0, kMaxConvs));
  LM_RETURN_IF_ERROR(InRange("proposal_candidates", config.proposal_candidates, 1, kMaxBoxes));
  LM_RETURN_IF_ERROR(InRange("max_proposals", config.max_proposals, 1, kMaxBoxes));
  LM_RETURN_IF_ERROR(InRange("max_detections", config.max_detections, 1, kMaxBoxes));
  LM_RETURN_IF_ERROR(IsFraction("proposal_iou", config.proposal_iou));
  LM_RETURN_IF_ERROR(IsFraction("score_threshold", config.score_threshold));
  return IsFraction("iou_threshold", config.iou_threshold);
}

}  // namespace localmamba
