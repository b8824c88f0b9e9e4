#include <spng.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/vision/decode_formats.h"

namespace localmamba {
namespace {

constexpr std::array<uint8_t, 8> kSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

// For texts, profiles and the like, unpacked, but not for pixels. libspng keeps them all; without a
// bound, a small file could unpack to any size.
constexpr size_t kMaxMetadataBytes = size_t{16} << 20;

absl::Status PngError(int error) {
  if (error == SPNG_EMEM) return absl::ResourceExhaustedError("image: PNG: out of memory");
  return absl::InvalidArgumentError(
      absl::StrCat("image: PNG cannot be decoded: ", spng_strerror(error)));
}

// Whether the chunk that ends a PNG is there in full; libspng does without its checksum.
bool HasEnd(absl::Span<const uint8_t> bytes) {
  constexpr size_t kAroundContent = 12;  // length and type before, checksum after
  size_t position = kSignature.size();
  while (position < bytes.size() && bytes.size() - position >= kAroundContent) {
    const uint8_t* chunk = bytes.data() + position;
    const size_t length =
        size_t{chunk[0]} << 24 | size_t{chunk[1]} << 16 | size_t{chunk[2]} << 8 | chunk[3];
    if (length > bytes.size() - position - kAroundContent) return false;
    if (std::memcmp(chunk + 4, "IEND", 4) == 0) return true;
    position += kAroundContent + length;
  }
  return false;
}

}  // namespace

bool IsPng(absl::Span<const uint8_t> bytes) {
  return bytes.size() >= kSignature.size() &&
         std::equal(kSignature.begin(), kSignature.end(), bytes.begin());
}

absl::StatusOr<StoredImage> DecodePng(absl::Span<const uint8_t> bytes, const DecodeOptions& options,
                                      Allocator& allocator) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> decoder(spng_ctx_new(0), &spng_ctx_free);
  if (decoder == nullptr) return PngError(SPNG_EMEM);
  spng_ctx* ctx = decoder.get();
  spng_ihdr header;
  for (const int error :
       {spng_set_chunk_limits(ctx, kMaxMetadataBytes, kMaxMetadataBytes),
        spng_set_png_buffer(ctx, bytes.data(), bytes.size()), spng_get_ihdr(ctx, &header)}) {
    if (error != 0) return PngError(error);
  }
  LM_RETURN_IF_ERROR(CheckImageSize(header.width, header.height, options.limits));
  if (!HasEnd(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("image: PNG is truncated: no end of image in ", bytes.size(), " bytes"));
  }

  StoredImage image;
  image.source_height = header.height;
  image.source_width = header.width;
  LM_ASSIGN_OR_RETURN(image.pixels,
                      Tensor::Allocate(allocator, DType::kUInt8, {header.height, header.width, 3}));
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
