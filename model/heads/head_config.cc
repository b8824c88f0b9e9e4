#include "model/heads/head_config.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

constexpr int64_t kMaxChannels = 16384;
constexpr int64_t kMaxPoolScales = 16;
constexpr int64_t kMaxBins = 64;
constexpr int64_t kMaxWindow = 16384;
// So that a label map can be written as a PNG of 16 bits.
constexpr int64_t kMaxClasses = 65536;

absl::Status InRange(absl::string_view field, int64_t value, int64_t low, int64_t high) {
  if (low <= value && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ", wanted ", low, " to ", high));
}

absl::Status ValidateSlide(const SlideConfig& slide) {
  LM_RETURN_IF_ERROR(InRange("slide.window_height", slide.window_height, 1, kMaxWindow));
  LM_RETURN_IF_ERROR(InRange("slide.window_width", slide.window_width, 1, kMaxWindow));
  LM_RETURN_IF_ERROR(InRange("slide.step_height", slide.step_height, 1, slide.window_height));
  return InRange("slide.step_width", slide.step_width, 1, slide.window_width);
}

absl::Status ValidateSegmentation(const SegmentationConfig& head, int64_t features) {
  LM_RETURN_IF_ERROR(InRange("num_classes", head.num_classes, 1, kMaxClasses));
  LM_RETURN_IF_ERROR(InRange("channels", head.channels, 1, kMaxChannels));
  LM_RETURN_IF_ERROR(InRange("number of pool_scales", static_cast<int64_t>(head.pool_scales.size()),
                             1, kMaxPoolScales));
  for (const int64_t bins : head.pool_scales) {
    LM_RETURN_IF_ERROR(InRange("pool_scales entry", bins, 1, kMaxBins));
  }
  if (head.auxiliary.has_value()) {
    LM_RETURN_IF_ERROR(InRange("auxiliary.channels", head.auxiliary->channels, 1, kMaxChannels));
    LM_RETURN_IF_ERROR(InRange("auxiliary.input", head.auxiliary->input, 0, features - 1));
  }
  return head.slide.has_value() ? ValidateSlide(*head.slide) : absl::OkStatus();
}

}  // namespace

absl::Status Validate(const HeadConfig& head, const NetworkConfig& network) {
  if (std::holds_alternative<std::monostate>(head)) return absl::OkStatus();
  const auto [classes, features] = std::visit(
      [](const auto& family) {
        return std::pair(family.num_classes, static_cast<int64_t>(family.out_indices.size()));
      },
      network);
  if (classes != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the network's num_classes is ", classes, ", wanted 0 under a head"));
  }
  const auto* segmentation = std::get_if<SegmentationConfig>(&head);
  return segmentation != nullptr ? ValidateSegmentation(*segmentation, features)
                                 : Validate(std::get<DetectionConfig>(head), network);
}

int64_t NumClasses(const HeadConfig& head, const NetworkConfig& network) {
  if (const auto* segmentation = std::get_if<SegmentationConfig>(&head)) {
    return segmentation->num_classes;
  }
  if (const auto* detection = std::get_if<DetectionConfig>(&head)) return detection->num_classes;
  return std::visit([](const auto& family) { return family.num_classes; }, network);
}

}  // namespace localmamba
