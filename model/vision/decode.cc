#include "model/vision/decode.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/vision/decode_formats.h"
#include "model/vision/exif_orientation.h"

namespace localmamba {
namespace {

absl::StatusOr<StoredImage> DecodeStored(absl::Span<const uint8_t> bytes,
                                         const DecodeOptions& options, Allocator& allocator) {
  if (IsJpeg(bytes)) return DecodeJpeg(bytes, options, allocator);
  if (IsPng(bytes)) return DecodePng(bytes, options, allocator);
  if (IsWebp(bytes)) return DecodeWebp(bytes, options, allocator);
  const absl::string_view begin(reinterpret_cast<const char*>(bytes.data()),
                                std::min<size_t>(bytes.size(), 8));
  return absl::InvalidArgumentError(absl::StrCat("image: begins with \"", absl::CHexEscape(begin),
                                                 "\", wanted a JPEG, PNG or WebP file"));
}

}  // namespace

absl::Status CheckImageSize(int64_t width, int64_t height, const DecodeLimits& limits) {
  const auto error = [&](const auto&... wanted) {
    return absl::InvalidArgumentError(
        absl::StrCat("image: ", width, "x", height, " pixels, wanted ", wanted...));
  };
  const int64_t short_side = std::min(width, height);
  const int64_t long_side = std::max(width, height);
  if (short_side < 1) return error("at least 1 a side");
  if (long_side > limits.max_side) return error("at most ", limits.max_side, " a side");
  if (width > limits.max_pixels / height) return error("at most ", limits.max_pixels, " in all");
  if (static_cast<double>(long_side) > limits.max_aspect_ratio * static_cast<double>(short_side)) {
    return error("one side at most ", limits.max_aspect_ratio, " times the other");
  }
  return absl::OkStatus();
}

absl::StatusOr<DecodedImage> DecodeImage(absl::Span<const uint8_t> bytes,
                                         const DecodeOptions& options, Allocator& allocator) {
  if (bytes.empty()) {
    return absl::InvalidArgumentError("image: 0 bytes, wanted a JPEG, PNG or WebP file");
  }
  if (bytes.size() > options.limits.max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("image: ", bytes.size(), " bytes, wanted at most ", options.limits.max_bytes));
  }
  LM_ASSIGN_OR_RETURN(const StoredImage stored, DecodeStored(bytes, options, allocator));
  DecodedImage image;
  LM_ASSIGN_OR_RETURN(image.pixels, MakeUpright(stored.pixels, stored.orientation, allocator));
  image.source_height = stored.source_height;
  image.source_width = stored.source_width;
  if (SwapsSides(stored.orientation)) std::swap(image.source_height, image.source_width);
  return image;
}

}  // namespace localmamba
