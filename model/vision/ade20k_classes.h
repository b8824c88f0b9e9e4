// The 150 classes of the scene parsing benchmark on ADE20K (ADEChallengeData2016) in the order that
// networks number them; annotation files store the number plus 1. Built in from
// model/vision/data/ade20k_classes.json.
#ifndef LOCALMAMBA_MODEL_VISION_ADE20K_CLASSES_H_
#define LOCALMAMBA_MODEL_VISION_ADE20K_CLASSES_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace localmamba {

struct Ade20kClass {
  absl::string_view name;
  std::array<uint8_t, 3> color;  // red, green, blue: the usual one in pictures
};

absl::Span<const Ade20kClass> Ade20kClasses();

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_ADE20K_CLASSES_H_
