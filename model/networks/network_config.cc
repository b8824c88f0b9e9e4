#include "model/networks/network_config.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/conv/causal_conv1d.h"
#include "kernels/scan/selective_scan.h"

namespace localmamba {
namespace {

// Far beyond any sensible network; they keep products of extents within 64 bits and a hostile
// configuration from taking the machine's memory by its structure alone.
constexpr int64_t kMaxWidth = 16384;
constexpr int64_t kMaxImageSide = 65536;
constexpr int64_t kMaxPatchSize = 1024;
constexpr int64_t kMaxLayers = 1024;
constexpr int64_t kMaxStages = 8;
constexpr int64_t kMaxClasses = int64_t{1} << 20;
constexpr int64_t kMaxWindow = 4096;

absl::Status InRange(absl::string_view field, int64_t value, int64_t low, int64_t high) {
  if (low <= value && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ", wanted ", low, " to ", high));
}

// The attention needs at least one reduced channel: an eighth of the inner width.
int64_t MinWidth(const ScanConfig& scan) { return scan.attention == AttentionKind::kNone ? 1 : 4; }

absl::Status ValidateScan(const ScanConfig& scan) {
  const auto layers = static_cast<int64_t>(scan.directions.size());
  LM_RETURN_IF_ERROR(InRange("number of layers in directions", layers, 1, kMaxLayers));
  LM_RETURN_IF_ERROR(InRange("d_state", scan.d_state, 1, kMaxDState));
  for (size_t i = 0; i < scan.directions.size(); ++i) {
    const LayerDirections& layer = scan.directions[i];
    LM_RETURN_IF_ERROR(InRange(absl::StrCat("number of directions of layer ", i),
                               static_cast<int64_t>(layer.size()), 1, kMaxScanDirections));
    for (const ScanDirection& direction : layer) {
      if (direction.kind != ScanDirection::Kind::kWindow) continue;
      LM_RETURN_IF_ERROR(
          InRange(absl::StrCat("window of layer ", i), direction.window, 1, kMaxWindow));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateOutputs(int64_t num_classes, const std::vector<int64_t>& out_indices,
                             int64_t outputs) {
  LM_RETURN_IF_ERROR(InRange("num_classes", num_classes, 0, kMaxClasses));
  if (num_classes == 0 && out_indices.empty()) {
    return absl::InvalidArgumentError(
        "num_classes is 0 and out_indices is empty, wanted a head or features");
  }
  for (const int64_t index : out_indices) {
    LM_RETURN_IF_ERROR(InRange("out_indices entry", index, 0, outputs - 1));
  }
  if (!std::is_sorted(out_indices.begin(), out_indices.end(), std::less_equal<>())) {
    return absl::InvalidArgumentError("out_indices is not strictly ascending");
  }
  return absl::OkStatus();
}

}  // namespace

LayerDirections OfficialCandidates() {
  LayerDirections candidates;
  for (const absl::string_view name :
       {"h", "h_flip", "v", "v_flip", "w2", "w2_flip", "w7", "w7_flip"}) {
    absl::StatusOr<ScanDirection> direction = ScanDirection::Parse(name);
    LM_CHECK(direction.ok());
    candidates.push_back(*direction);
  }
  return candidates;
}

absl::Status Validate(const LocalVimConfig& config) {
  LM_RETURN_IF_ERROR(ValidateScan(config.scan));
  LM_RETURN_IF_ERROR(InRange("patch_size", config.patch_size, 1, kMaxPatchSize));
  const int64_t min_side = config.patch_size;
  LM_RETURN_IF_ERROR(InRange("image_height", config.image_height, min_side, kMaxImageSide));
  LM_RETURN_IF_ERROR(InRange("image_width", config.image_width, min_side, kMaxImageSide));
  LM_RETURN_IF_ERROR(InRange("embed_dim", config.embed_dim, MinWidth(config.scan), kMaxWidth));
  LM_RETURN_IF_ERROR(InRange("conv_width", config.conv_width, 1, kMaxCausalConvWidth));
  if (config.rope && config.embed_dim % 4 != 0) {
    return absl::InvalidArgumentError(absl::StrCat("embed_dim is ", config.embed_dim,
                                                   ", wanted a multiple of 4 for rotary tables"));
  }
  if (config.rope && config.middle_class_token) {
    return absl::InvalidArgumentError(
        "rope and middle_class_token are both set: a class token has no place in rotary tables");
  }
  return ValidateOutputs(config.num_classes, config.out_indices,
                         static_cast<int64_t>(config.scan.directions.size()));
}

absl::Status Validate(const LocalVMambaConfig& config) {
  LM_RETURN_IF_ERROR(ValidateScan(config.scan));
  LM_RETURN_IF_ERROR(InRange("patch_size", config.patch_size, 1, kMaxPatchSize));
  const auto stages = static_cast<int64_t>(config.dims.size());
  LM_RETURN_IF_ERROR(InRange("number of stages in dims", stages, 1, kMaxStages));
  LM_RETURN_IF_ERROR(InRange("number of stages in depths",
                             static_cast<int64_t>(config.depths.size()), stages, stages));
  int64_t layers = 0;
  for (size_t s = 0; s < config.dims.size(); ++s) {
    LM_RETURN_IF_ERROR(InRange(absl::StrCat("dims of stage ", s), config.dims[s],
                               MinWidth(config.scan), kMaxWidth));
    LM_RETURN_IF_ERROR(
        InRange(absl::StrCat("depth of stage ", s), config.depths[s], 1, kMaxLayers));
    layers += config.depths[s];
  }
  LM_RETURN_IF_ERROR(InRange("number of layers in directions",
                             static_cast<int64_t>(config.scan.directions.size()), layers, layers));
  return ValidateOutputs(config.num_classes, config.out_indices, stages);
}

absl::Status Validate(const NetworkConfig& config) {
  return std::visit([](const auto& family) { return Validate(family); }, config);
}

}  // namespace localmamba
