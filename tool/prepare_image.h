// An image file as a detector or segmenter gets it.
#ifndef LOCALMAMBA_TOOL_PREPARE_IMAGE_H_
#define LOCALMAMBA_TOOL_PREPARE_IMAGE_H_

#include <string>

#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "kernels/device/stream.h"
#include "model/vision/keep_ratio.h"
#include "server/repository/model_spec.h"

namespace localmamba::tool {

// Decoded and prepared as `spec`, which has a keep_ratio, says. Errors: NOT_FOUND and
// INVALID_ARGUMENT naming the file.
absl::StatusOr<PreparedImage> PrepareImage(const ModelSpec& spec, const std::string& path,
                                           Allocator& memory, Stream& stream);

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_PREPARE_IMAGE_H_
