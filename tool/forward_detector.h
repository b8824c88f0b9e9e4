// localmamba_tool forward of a detector.
#ifndef LOCALMAMBA_TOOL_FORWARD_DETECTOR_H_
#define LOCALMAMBA_TOOL_FORWARD_DETECTOR_H_

#include <string>

#include "absl/status/status.h"
#include "model/engine/engine_options.h"
#include "tool/engine_flags.h"

namespace localmamba::tool {

struct ForwardDetectorFiles {
  std::string image;
  std::string output;   // safetensors
  std::string objects;  // JSON; "": none
};

// Runs the detector on the image and writes what it computes on the way, on the CPU only, and in the
// end, without the dimension of the batch, maps channels first: input, backbone.i, fpn.i, rpn_cls.i,
// rpn_reg.i, proposals.boxes and .scores, box_head.logits and .deltas; detections.boxes_network,
// .boxes, .scores, .labels and .mask_logits. The JSON file is a list with a record for each object: bbox
// (x, y, width, height), score, label, segmentation (COCO's compressed run lengths) and area in
// pixels of the image. Prints the shapes and how long it took.
//
// Errors: those of reading, decoding, loading, running and writing.
absl::Status ForwardDetector(const VersionOnDisk& version, const EngineOptions& options,
                             const ForwardDetectorFiles& files);

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_FORWARD_DETECTOR_H_
