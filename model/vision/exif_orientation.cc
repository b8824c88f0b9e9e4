#include "model/vision/exif_orientation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>

#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

constexpr std::array<uint8_t, 6> kPrefix = {'E', 'x', 'i', 'f', 0, 0};
constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kShortType = 3;
constexpr size_t kEntryBytes = 12;

// Bounds-checked reads of TIFF data in its own byte order.
class TiffReader {
 public:
  static std::optional<TiffReader> Open(absl::Span<const uint8_t> data) {
    if (data.size() < 8 || data[0] != data[1] || (data[0] != 'I' && data[0] != 'M')) return {};
    TiffReader reader(data, data[0] == 'M');
    if (reader.Read16(2) != 42) return {};
    return reader;
  }

  [[nodiscard]] std::optional<uint16_t> Read16(size_t offset) const {
    if (offset > data_.size() || data_.size() - offset < 2) return {};
    const unsigned first = data_[offset];
    const unsigned second = data_[offset + 1];
    return static_cast<uint16_t>(big_endian_ ? first << 8 | second : second << 8 | first);
  }

  [[nodiscard]] std::optional<uint32_t> Read32(size_t offset) const {
    const auto first = Read16(offset);
    const auto second = Read16(offset + 2);
    if (!first || !second) return {};
    const uint32_t high = big_endian_ ? *first : *second;
    const uint32_t low = big_endian_ ? *second : *first;
    return high << 16 | low;
  }

 private:
  TiffReader(absl::Span<const uint8_t> data, bool big_endian)
      : data_(data), big_endian_(big_endian) {}

  absl::Span<const uint8_t> data_;
  bool big_endian_;
};

}  // namespace

Orientation ParseExifOrientation(absl::Span<const uint8_t> exif) {
  if (exif.size() >= kPrefix.size() && std::equal(kPrefix.begin(), kPrefix.end(), exif.begin())) {
    exif.remove_prefix(kPrefix.size());
  }
  const auto tiff = TiffReader::Open(exif);
  if (!tiff) return Orientation::kUpright;
  const auto directory = tiff->Read32(4);
  const auto entries = directory ? tiff->Read16(*directory) : std::nullopt;
  if (!entries) return Orientation::kUpright;
  for (size_t i = 0; i < *entries; ++i) {
    const size_t entry = size_t{*directory} + 2 + i * kEntryBytes;
    if (tiff->Read16(entry) != kOrientationTag) continue;
    const auto value = tiff->Read16(entry + 8);
    if (tiff->Read16(entry + 2) != kShortType || !value || *value < 1 || *value > 8) break;
    return static_cast<Orientation>(*value);
  }
  return Orientation::kUpright;
}

absl::StatusOr<Tensor> MakeUpright(const Tensor& image, Orientation orientation,
                                   Allocator& allocator) {
  if (orientation == Orientation::kUpright) return image;
  const bool swap = SwapsSides(orientation);
  // Whether the stored rows (columns) are read from the last to the first.
  const bool rows_backwards =
      orientation == Orientation::kRotate180 || orientation == Orientation::kFlipVertically ||
      orientation == Orientation::kRotateClockwise || orientation == Orientation::kTransverse;
  const bool columns_backwards = orientation == Orientation::kFlipHorizontally ||
                                 orientation == Orientation::kRotate180 ||
                                 orientation == Orientation::kTransverse ||
                                 orientation == Orientation::kRotateCounterclockwise;
  const int64_t stored_height = image.dim(0);
  const int64_t stored_width = image.dim(1);
  const int64_t height = swap ? stored_width : stored_height;
  const int64_t width = swap ? stored_height : stored_width;
  LM_ASSIGN_OR_RETURN(Tensor upright,
                      Tensor::Allocate(allocator, DType::kUInt8, {height, width, 3}));

  const int64_t row_step = (rows_backwards ? -3 : 3) * stored_width;
  const int64_t column_step = columns_backwards ? -3 : 3;
  const uint8_t* first = image.data<uint8_t>();
  if (rows_backwards) first += (stored_height - 1) * stored_width * 3;
  if (columns_backwards) first += (stored_width - 1) * 3;
  uint8_t* out = upright.data<uint8_t>();
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x, out += 3) {
      std::memcpy(out, first + (swap ? x : y) * row_step + (swap ? y : x) * column_step, 3);
    }
  }
  return upright;
}

}  // namespace localmamba
