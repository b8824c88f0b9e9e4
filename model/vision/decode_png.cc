#include <algorithm>
#include <array>

#include "kernels/base/status_macros.h"
#include "model/vision/decode_formats.h"
#include "model/vision/png_file.h"

namespace localmamba {
namespace {

constexpr std::array<uint8_t, 8> kSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

}  // namespace

bool IsPng(absl::Span<const uint8_t> bytes) {
  return bytes.size() >= kSignature.size() &&
         std::equal(kSignature.begin(), kSignature.end(), bytes.begin());
}

absl::StatusOr<StoredImage> DecodePng(absl::Span<const uint8_t> bytes, const DecodeOptions& options,
                                      Allocator& allocator) {
  LM_ASSIGN_OR_RETURN(const PngFile file, OpenPng(bytes, options.limits));
  spng_ctx* ctx = file.context.get();
  StoredImage image;
  image.source_height = file.header.height;
  image.source_width = file.header.width;
  LM_ASSIGN_OR_RETURN(image.pixels, Tensor::Allocate(allocator, DType::kUInt8,
                                                     {image.source_height, image.source_width, 3}));
  // Without SPNG_DECODE_TRNS transparency is ignored.
  if (const int error =
          spng_decode_image(ctx, image.pixels.data<uint8_t>(),
                            static_cast<size_t>(image.pixels.elements()), SPNG_FMT_RGB8, 0);
      error != 0) {
    return PngError(error);
  }
  // EXIF may come after the pixels.
  if (const int error = spng_decode_chunks(ctx); error != 0) return PngError(error);

  spng_exif exif;
  if (spng_get_exif(ctx, &exif) == 0) {
    image.orientation =
        ParseExifOrientation({reinterpret_cast<const uint8_t*>(exif.data), exif.length});
  }
  return image;
}

}  // namespace localmamba
