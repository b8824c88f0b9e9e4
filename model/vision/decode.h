// Decodes JPEG, PNG and WebP images from untrusted bytes.
#ifndef LOCALMAMBA_MODEL_VISION_DECODE_H_
#define LOCALMAMBA_MODEL_VISION_DECODE_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"

namespace localmamba {

// Checked against the header, before memory for pixels is taken.
struct DecodeLimits {
  size_t max_bytes = size_t{32} << 20;     // of the encoded image
  int64_t max_pixels = int64_t{64} << 20;  // width * height
  int64_t max_side = 32768;                // pixels
  double max_aspect_ratio = 200;           // longer / shorter side
};

struct DecodeOptions {
  DecodeLimits limits;
  // The shorter side the caller will resize to. A JPEG is decoded at the smallest of the scales 1,
  // 1/2, 1/4 and 1/8 that keeps its shorter side at or above four times this, which costs less time
  // and memory and changes the resized pixels by about one level on average. 0: always in full.
  int64_t wanted_short_side = 0;
};

struct DecodedImage {
  Tensor pixels;              // (H, W, 3), u8, RGB, upright (EXIF orientation applied)
  int64_t source_height = 0;  // upright, before any reduction of scale
  int64_t source_width = 0;
};

// The format is told from the bytes. Grey becomes RGB, 16-bit samples keep their high byte, an
// alpha channel is dropped as Pillow's convert("RGB") does, CMYK and YCCK JPEGs are converted, a
// colour profile is ignored; so is damaged EXIF. Pixels come from `allocator`; beside them a
// decoder takes a few rows of working memory, or a few times the size of the pixels for a
// progressive JPEG and for WebP, so `limits` bound that too. Safe to call from several threads.
//
// Errors: INVALID_ARGUMENT for an empty, unknown, animated, truncated or corrupt image or one over
//         a limit, naming what was found and what was wanted; RESOURCE_EXHAUSTED if there is no
//         memory.
absl::StatusOr<DecodedImage> DecodeImage(absl::Span<const uint8_t> bytes,
                                         const DecodeOptions& options, Allocator& allocator);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_DECODE_H_
