// The outline of a JPEG file (ITU-T T.81, annex B), read without decoding it.
#ifndef LOCALMAMBA_MODEL_VISION_JPEG_MARKERS_H_
#define LOCALMAMBA_MODEL_VISION_JPEG_MARKERS_H_

#include <cstdint>

#include "absl/types/span.h"

namespace localmamba {

struct JpegMarkers {
  // The marker that ends the image is there. libjpeg itself only warns if it is not, and fills the
  // rest of a truncated image with grey.
  bool has_end = false;
  absl::Span<const uint8_t> exif;  // content of the first Exif segment, or empty
};

// bytes: beginning with the marker SOI. Any bytes are fine. One pass at the speed of memchr.
JpegMarkers FindJpegMarkers(absl::Span<const uint8_t> bytes);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_JPEG_MARKERS_H_
