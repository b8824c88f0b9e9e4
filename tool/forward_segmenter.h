// localmamba_tool forward of a segmenter.
#ifndef LOCALMAMBA_TOOL_FORWARD_SEGMENTER_H_
#define LOCALMAMBA_TOOL_FORWARD_SEGMENTER_H_

#include <string>

#include "absl/status/status.h"
#include "model/engine/engine_options.h"
#include "tool/engine_flags.h"

namespace localmamba::tool {

struct ForwardSegmenterFiles {
  std::string image;
  std::string output;          // safetensors
  bool source_logits = false;  // write what is made of them too
};

// Segments the image and writes what is computed on the way and in the end, without the dimension
// of the batch, maps channels first: input; of a model that sees the whole image at once
// backbone.i, logits and aux_logits; labels (height, width), i32. With source_logits, which takes
// memory for each class and pixel of the image, also source_logits_strided (the logits at the size
// of the image, rows 3, 11, 19, ... and columns 2, 10, 18, ...) and margin (height, width), the
// difference of the two largest logits. Prints the shapes and how long it took.
// Errors: UNIMPLEMENTED for another device or dtype than the CPU and f32; those of reading the
// files and of Engine::Run, naming the file.
absl::Status ForwardSegmenter(const VersionOnDisk& version, const EngineOptions& options,
                              const ForwardSegmenterFiles& files);

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_FORWARD_SEGMENTER_H_
