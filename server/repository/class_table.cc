#include "server/repository/class_table.h"

#include <algorithm>
#include <cmath>

#include "model/vision/ade20k_classes.h"
#include "model/vision/coco_classes.h"
#include "model/vision/imagenet_labels.h"

namespace localmamba {
namespace {

template <class Table>
bool HasAsMany(const ModelSpec& spec, const Table& table) {
  return NumClasses(spec) == static_cast<int64_t>(table.size());
}

bool IsOfCoco(const ModelSpec& spec) {
  return spec.task == ModelTask::kDetection && HasAsMany(spec, CocoClasses());
}

bool IsOfAde20k(const ModelSpec& spec) {
  return spec.task == ModelTask::kSegmentation && HasAsMany(spec, Ade20kClasses());
}

// Hues in steps of the golden ratio, so that any few in a row lie far apart, in three rounds of
// brightness.
Color MakeColor(int64_t class_id) {
  constexpr double kGoldenRatio = 0.61803398875;
  constexpr std::array<double, 3> kBrightness = {230, 170, 115};
  const double hue = std::fmod(static_cast<double>(class_id) * kGoldenRatio, 1.0);
  const double brightness = kBrightness[static_cast<size_t>(class_id) % kBrightness.size()];
  Color color = {};
  for (size_t channel = 0; channel < color.size(); ++channel) {
    // A third of a turn apart: 1 for a third of all hues, 0 for another, straight lines between.
    const double turn = std::fmod(hue + 1 - static_cast<double>(channel) / 3, 1.0);
    const double strength = std::clamp(std::abs(turn - 0.5) * 6 - 1, 0.0, 1.0);
    color[channel] = static_cast<uint8_t>(brightness * (0.25 + 0.75 * strength));
  }
  return color;
}

}  // namespace

std::vector<std::string> KnownClassNames(const ModelSpec& spec) {
  std::vector<std::string> names;
  if (IsOfCoco(spec)) {
    for (const CocoClass& one : CocoClasses()) names.emplace_back(one.name);
  } else if (IsOfAde20k(spec)) {
    for (const Ade20kClass& one : Ade20kClasses()) names.emplace_back(one.name);
  } else if (spec.task == ModelTask::kClassification && HasAsMany(spec, ImageNetLabels())) {
    for (const absl::string_view name : ImageNetLabels()) names.emplace_back(name);
  }
  return names;
}

std::vector<Color> ClassColors(const ModelSpec& spec) {
  std::vector<Color> colors;
  if (IsOfCoco(spec)) {
    for (const CocoClass& one : CocoClasses()) colors.push_back(one.color);
  } else if (IsOfAde20k(spec)) {
    for (const Ade20kClass& one : Ade20kClasses()) colors.push_back(one.color);
  } else {
    for (int64_t id = 0; id < NumClasses(spec); ++id) colors.push_back(MakeColor(id));
  }
  return colors;
}

}  // namespace localmamba
