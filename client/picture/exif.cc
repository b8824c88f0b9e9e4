#include "client/picture/exif.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace localmamba::client {
namespace {

constexpr absl::string_view kPrefix("Exif\0\0", 6);

uint32_t Byte(absl::string_view bytes, size_t position) {
  return static_cast<uint8_t>(bytes[position]);
}

// `count` bytes from `position` as a number; 0, which means nothing anywhere here, if they are not
// all there.
uint32_t Number(absl::string_view bytes, size_t position, size_t count, bool big_endian) {
  if (position > bytes.size() || bytes.size() - position < count) return 0;
  uint32_t number = 0;
  for (size_t i = 0; i < count; ++i) {
    number = number << 8 | Byte(bytes, position + (big_endian ? i : count - 1 - i));
  }
  return number;
}

}  // namespace

absl::string_view ExifOfJpeg(absl::string_view file) {
  size_t position = 2;  // after the marker SOI
  while (position < file.size() && Byte(file, position) == 0xFF) {
    const uint32_t marker = Number(file, position, 2, true);
    const size_t length = Number(file, position + 2, 2, true);
    if (marker == 0xFFDA || length < 2 || file.size() - position - 2 < length) break;
    const absl::string_view content = file.substr(position + 4, length - 2);
    if (marker == 0xFFE1 && absl::StartsWith(content, kPrefix)) return content;
    position += 2 + length;
  }
  return "";
}

absl::string_view ExifOfWebp(absl::string_view file) {
  size_t position = 12;  // after "RIFF", the size and "WEBP"
  while (position < file.size() && file.size() - position >= 8) {
    const size_t length = Number(file, position + 4, 4, false);
    const absl::string_view rest = file.substr(position + 8);
    if (length > rest.size()) break;
    if (file.substr(position, 4) == "EXIF") return rest.substr(0, length);
    position += 8 + length + length % 2;
  }
  return "";
}

int OrientationOf(absl::string_view exif) {
  exif = absl::StripPrefix(exif, kPrefix);
  const bool big_endian = absl::StartsWith(exif, "MM");
  const size_t directory = Number(exif, 4, 4, big_endian);
  const size_t entries = Number(exif, directory, 2, big_endian);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * 12;
    if (Number(exif, entry, 2, big_endian) != 0x0112) continue;
    const uint32_t value = Number(exif, entry + 8, 2, big_endian);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

cv::Mat TurnUpright(const cv::Mat& stored, int orientation) {
  cv::Mat upright = stored;
  if (orientation >= 5) cv::transpose(upright, upright);
  // What is left to do after that: mirror columns, rows or both.
  if (orientation == 2 || orientation == 6) cv::flip(upright, upright, 1);
  if (orientation == 3 || orientation == 7) cv::flip(upright, upright, -1);
  if (orientation == 4 || orientation == 8) cv::flip(upright, upright, 0);
  return upright;
}

}  // namespace localmamba::client
