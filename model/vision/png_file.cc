#include "model/vision/png_file.h"

#include <cstddef>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/vision/decode_formats.h"

namespace localmamba {
namespace {

constexpr size_t kSignatureBytes = 8;

// For texts, profiles and the like, unpacked, but not for pixels. libspng keeps them all; without a
// bound, a small file could unpack to any size.
constexpr size_t kMaxMetadataBytes = size_t{16} << 20;

// Whether the chunk that ends a PNG is there in full; libspng does without its checksum.
bool HasEnd(absl::Span<const uint8_t> bytes) {
  constexpr size_t kAroundContent = 12;  // length and type before, checksum after
  size_t position = kSignatureBytes;
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

absl::Status PngError(int error) {
  if (error == SPNG_EMEM) return absl::ResourceExhaustedError("image: PNG: out of memory");
  return absl::InvalidArgumentError(
      absl::StrCat("image: PNG cannot be decoded: ", spng_strerror(error)));
}

absl::StatusOr<PngFile> OpenPng(absl::Span<const uint8_t> bytes, const DecodeLimits& limits) {
  PngFile file;
  file.context.reset(spng_ctx_new(0));
  if (file.context == nullptr) return PngError(SPNG_EMEM);
  spng_ctx* ctx = file.context.get();
  for (const int error :
       {spng_set_chunk_limits(ctx, kMaxMetadataBytes, kMaxMetadataBytes),
        spng_set_png_buffer(ctx, bytes.data(), bytes.size()), spng_get_ihdr(ctx, &file.header)}) {
    if (error != 0) return PngError(error);
  }
  LM_RETURN_IF_ERROR(CheckImageSize(file.header.width, file.header.height, limits));
  if (!HasEnd(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("image: PNG is truncated: no end of image in ", bytes.size(), " bytes"));
  }
  return file;
}

}  // namespace localmamba
