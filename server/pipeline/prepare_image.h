// From what a request carries to the pixels a network takes.
#ifndef LOCALMAMBA_SERVER_PIPELINE_PREPARE_IMAGE_H_
#define LOCALMAMBA_SERVER_PIPELINE_PREPARE_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"
#include "model/vision/decode.h"
#include "model/vision/keep_ratio.h"
#include "model/vision/preprocess.h"

namespace localmamba::server {

// A JPEG, PNG or WebP file.
struct EncodedImage {
  absl::Span<const uint8_t> bytes;
};

// Rows from the top, pixels from the left, each red, green, blue.
struct RawImage {
  int64_t height = 0;
  int64_t width = 0;
  absl::Span<const uint8_t> rgb;
};

// Does not own its bytes.
using ImageSource = std::variant<EncodedImage, RawImage>;

size_t BytesOf(const ImageSource& source);

// Decodes, resizes and crops: (crop_height, crop_width, 3), u8, dense. Raw pixels are resized and
// cropped like any other picture, and `limits` on pixels, side and aspect hold for them too.
// Errors: INVALID_ARGUMENT naming field, found and wanted; RESOURCE_EXHAUSTED if there is no
// memory. They carry a reject reason (server/runtime/rejection.h).
absl::StatusOr<Tensor> PrepareImage(const ImageSource& source, const PreprocessConfig& config,
                                    const DecodeLimits& limits, Allocator& allocator);

// Decodes and resizes as far as `config` says: what a network takes, and how the picture lies in it.
// Limits and errors as above.
absl::StatusOr<PreparedImage> PrepareImage(const ImageSource& source, const KeepRatioConfig& config,
                                           const PixelNormalization& normalization,
                                           const DecodeLimits& limits, Allocator& allocator);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_PREPARE_IMAGE_H_
