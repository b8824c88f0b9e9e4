#include <webp/decode.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/vision/decode_formats.h"

namespace localmamba {
namespace {

constexpr size_t kChunkHeaderBytes = 8;  // four characters and the size, little-endian
constexpr size_t kFileHeaderBytes = 12;  // "RIFF", size, "WEBP"

bool HasTag(absl::Span<const uint8_t> bytes, size_t position, const char* tag) {
  return bytes.size() - position >= 4 && std::memcmp(bytes.data() + position, tag, 4) == 0;
}

// The size in a chunk's header, of which there are at least kChunkHeaderBytes.
size_t ChunkSize(absl::Span<const uint8_t> bytes, size_t position) {
  const uint8_t* size = bytes.data() + position + 4;
  return size_t{size[0]} | size_t{size[1]} << 8 | size_t{size[2]} << 16 | size_t{size[3]} << 24;
}

// The content of the chunk EXIF, or nothing.
absl::Span<const uint8_t> FindExif(absl::Span<const uint8_t> bytes) {
  size_t position = kFileHeaderBytes;
  while (position < bytes.size() && bytes.size() - position >= kChunkHeaderBytes) {
    const size_t size = ChunkSize(bytes, position);
    const size_t content = position + kChunkHeaderBytes;
    if (size > bytes.size() - content) break;
    if (HasTag(bytes, position, "EXIF")) return bytes.subspan(content, size);
    position = content + size + size % 2;  // chunks are padded to an even size
  }
  return {};
}

absl::Status WebpError(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
      return absl::ResourceExhaustedError("image: WebP: out of memory");
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return absl::InvalidArgumentError("image: WebP is truncated");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return absl::InvalidArgumentError("image: WebP uses a feature that is not supported");
    default:
      return absl::InvalidArgumentError("image: WebP is corrupt");
  }
}

}  // namespace

bool IsWebp(absl::Span<const uint8_t> bytes) {
  return bytes.size() >= kFileHeaderBytes && HasTag(bytes, 0, "RIFF") && HasTag(bytes, 8, "WEBP");
}

absl::StatusOr<StoredImage> DecodeWebp(absl::Span<const uint8_t> bytes,
                                       const DecodeOptions& options, Allocator& allocator) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) {
    return absl::InternalError("image: libwebp is not the version this program was built for");
  }
  if (const VP8StatusCode status = WebPGetFeatures(bytes.data(), bytes.size(), &config.input);
      status != VP8_STATUS_OK) {
    return WebpError(status);
  }
  const int width = config.input.width;
  const int height = config.input.height;
  LM_RETURN_IF_ERROR(CheckImageSize(width, height, options.limits));
  if (config.input.has_animation) {
    return absl::InvalidArgumentError("image: WebP is animated, wanted a single picture");
  }
  // libwebp itself stops at the last pixel.
  if (const size_t size = ChunkSize(bytes, 0); size > bytes.size() - kChunkHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrCat("image: WebP is truncated: ", bytes.size(),
                                                   " of ", size + kChunkHeaderBytes, " bytes"));
  }

  StoredImage image;
  image.source_height = height;
  image.source_width = width;
  image.orientation = ParseExifOrientation(FindExif(bytes));
  LM_ASSIGN_OR_RETURN(image.pixels, Tensor::Allocate(allocator, DType::kUInt8, {height, width, 3}));
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image.pixels.data<uint8_t>();
  config.output.u.RGBA.stride = width * 3;
  config.output.u.RGBA.size = static_cast<size_t>(image.pixels.elements());
  const VP8StatusCode status = WebPDecode(bytes.data(), bytes.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status != VP8_STATUS_OK) return WebpError(status);
  return image;
}

}  // namespace localmamba
