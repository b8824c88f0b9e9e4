// What DecodeImage is made of: one decoder per format, all under the same limits. Internal to
// model/vision; tests and fuzz targets reach the decoders one by one through it.
#ifndef LOCALMAMBA_MODEL_VISION_DECODE_FORMATS_H_
#define LOCALMAMBA_MODEL_VISION_DECODE_FORMATS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"
#include "model/vision/decode.h"
#include "model/vision/exif_orientation.h"

namespace localmamba {

struct StoredImage {
  Tensor pixels;              // (H, W, 3), u8, RGB, as stored, perhaps at a reduced scale
  int64_t source_height = 0;  // as stored
  int64_t source_width = 0;
  Orientation orientation = Orientation::kUpright;
};

// Whether the bytes begin as this format does. Any bytes are fine.
bool IsJpeg(absl::Span<const uint8_t> bytes);
bool IsPng(absl::Span<const uint8_t> bytes);
bool IsWebp(absl::Span<const uint8_t> bytes);

// Contract and errors: those of DecodeImage, but for limits.max_bytes, which it has checked.
absl::StatusOr<StoredImage> DecodeJpeg(absl::Span<const uint8_t> bytes,
                                       const DecodeOptions& options, Allocator& allocator);
absl::StatusOr<StoredImage> DecodePng(absl::Span<const uint8_t> bytes, const DecodeOptions& options,
                                      Allocator& allocator);
absl::StatusOr<StoredImage> DecodeWebp(absl::Span<const uint8_t> bytes,
                                       const DecodeOptions& options, Allocator& allocator);

// Each decoder calls this with the size in the header before it takes memory for pixels.
absl::Status CheckImageSize(int64_t width, int64_t height, const DecodeLimits& limits);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_DECODE_FORMATS_H_
