// The 80 classes of COCO 2017 in the order that networks number them: by ascending category id.
// Built in from model/vision/data/coco_classes.json.
#ifndef LOCALMAMBA_MODEL_VISION_COCO_CLASSES_H_
#define LOCALMAMBA_MODEL_VISION_COCO_CLASSES_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace localmamba {

struct CocoClass {
  int64_t category_id;  // in annotation and result files: 1 to 90, with gaps
  absl::string_view name;
  std::array<uint8_t, 3> color;  // red, green, blue: the usual one in pictures
};

absl::Span<const CocoClass> CocoClasses();

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_COCO_CLASSES_H_
