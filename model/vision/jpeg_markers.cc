#include "model/vision/jpeg_markers.h"

#include <cstddef>
#include <cstring>

namespace localmamba {
namespace {

constexpr uint8_t kEndOfImage = 0xD9;
constexpr uint8_t kApp1 = 0xE1;

// Markers without a segment: a stuffed zero, TEM, RST0 to RST7, SOI.
bool StandsAlone(uint8_t marker) {
  return marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
}

}  // namespace

JpegMarkers FindJpegMarkers(absl::Span<const uint8_t> bytes) {
  JpegMarkers markers;
  size_t position = 0;
  while (position < bytes.size()) {
    // Bytes before a marker are entropy-coded data, or strays that decoders skip.
    const void* found = std::memchr(bytes.data() + position, 0xFF, bytes.size() - position);
    if (found == nullptr) break;
    position = static_cast<size_t>(static_cast<const uint8_t*>(found) - bytes.data());
    while (position < bytes.size() && bytes[position] == 0xFF) ++position;
    if (position == bytes.size()) break;
    const uint8_t marker = bytes[position++];
    if (StandsAlone(marker)) continue;
    if (marker == kEndOfImage) {
      markers.has_end = true;
      break;
    }
    if (bytes.size() - position < 2) break;
    const size_t length = size_t{bytes[position]} << 8 | bytes[position + 1];
    if (length < 2 || length > bytes.size() - position) break;
    const absl::Span<const uint8_t> content = bytes.subspan(position + 2, length - 2);
    if (marker == kApp1 && markers.exif.empty() && content.size() > 6 &&
        std::memcmp(content.data(), "Exif\0\0", 6) == 0) {
      markers.exif = content;
    }
    position += length;
  }
  return markers;
}

}  // namespace localmamba
