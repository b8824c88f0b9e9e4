// Writes detections as COCO's results files, which other tools read: the inverse of ParseCocoResults.
#ifndef LOCALMAMBA_MODEL_DATA_FORMAT_COCO_H_
#define LOCALMAMBA_MODEL_DATA_FORMAT_COCO_H_

#include <string>

#include "absl/types/span.h"
#include "model/data/coco_data.h"

namespace localmamba {

// Boxes and masks go to files of their own: where a file has both, pycocotools takes areas of boxes
// for those of masks. Numbers are written so that they are read back the same.
std::string FormatCocoBoxes(absl::Span<const CocoResult> results);
std::string FormatCocoMasks(absl::Span<const CocoResult> results);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_FORMAT_COCO_H_
