#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/vision/decode_formats.h"
#include "model/vision/jpeg_markers.h"

namespace localmamba {
namespace {

using Decompressor = std::unique_ptr<void, int (*)(tjhandle)>;

absl::Status JpegError(tjhandle decompressor) {
  const absl::string_view problem = tjGetErrorStr2(decompressor);
  if (absl::StrContains(problem, "Insufficient memory")) {
    return absl::ResourceExhaustedError(absl::StrCat("image: JPEG: ", problem));
  }
  return absl::InvalidArgumentError(absl::StrCat("image: JPEG cannot be decoded: ", problem));
}

// Bytes between segments, which some cameras write, change no pixel. Every other warning of libjpeg
// means that it has guessed some.
bool IsHarmless(tjhandle decompressor) {
  return tjGetErrorCode(decompressor) == TJERR_WARNING &&
         absl::StrContains(tjGetErrorStr2(decompressor), "extraneous bytes before marker");
}

// A reduced decode cuts off frequencies block by block, the resize after it smoothly; the more is
// left to the resize, the closer the result. On photos of COCO, resized pixels differ from those of
// a full decode by 0.6 levels on average at scale 1/2 and 1.0 at 1/4 with this factor, and by 1.3
// and 2.0 with half of it.
constexpr int64_t kLeftToResize = 4;

// The largest of 1, 2, 4, 8 that keeps the shorter side at kLeftToResize times the wanted one.
int ReductionFor(int short_side, int64_t wanted_short_side) {
  int reduction = 1;
  if (wanted_short_side <= 0) return reduction;
  while (reduction < 8 && short_side / (reduction * 2) / kLeftToResize >= wanted_short_side) {
    reduction *= 2;
  }
  return reduction;
}

// a * b / 255, rounded as Pillow does.
int MultiplyDivide255(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

// CMYK as JPEGs hold it, inverted (Adobe's convention, which everybody follows), to RGB as Pillow's
// convert("RGB") computes it.
void CmykToRgb(absl::Span<const uint8_t> cmyk, uint8_t* rgb) {
  for (size_t i = 0; i < cmyk.size(); i += 4, rgb += 3) {
    const int white = cmyk[i + 3];
    for (size_t c = 0; c < 3; ++c) {
      const int value = white - MultiplyDivide255(255 - cmyk[i + c], white);
      rgb[c] = static_cast<uint8_t>(std::clamp(value, 0, 255));
    }
  }
}

}  // namespace

bool IsJpeg(absl::Span<const uint8_t> bytes) {
  constexpr std::array<uint8_t, 3> kSignature = {0xFF, 0xD8, 0xFF};
  return bytes.size() >= kSignature.size() &&
         std::equal(kSignature.begin(), kSignature.end(), bytes.begin());
}

absl::StatusOr<StoredImage> DecodeJpeg(absl::Span<const uint8_t> bytes,
                                       const DecodeOptions& options, Allocator& allocator) {
  const Decompressor decompressor(tjInitDecompress(), &tjDestroy);
  if (decompressor == nullptr) return absl::ResourceExhaustedError("image: JPEG: out of memory");
  tjhandle handle = decompressor.get();
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colorspace = -1;
  const int result = tjDecompressHeader3(handle, bytes.data(), bytes.size(), &width, &height,
                                         &subsampling, &colorspace);
  // Unusual subsampling, which has no name in this API, is an error here after everything else has
  // been read, but none when decoding.
  if (result != 0 && (width < 1 || height < 1 || colorspace < 0)) return JpegError(handle);
  LM_RETURN_IF_ERROR(CheckImageSize(width, height, options.limits));
  const JpegMarkers markers = FindJpegMarkers(bytes);
  if (!markers.has_end) {
    return absl::InvalidArgumentError(
        absl::StrCat("image: JPEG is truncated: no end of image in ", bytes.size(), " bytes"));
  }

  const tjscalingfactor scale = {1,
                                 ReductionFor(std::min(width, height), options.wanted_short_side)};
  const int scaled_width = TJSCALED(width, scale);
  const int scaled_height = TJSCALED(height, scale);
  const auto decode = [&](uint8_t* pixels, TJPF format) {
    // LIMITSCANS: thousands of scans of a few bytes each would cost minutes.
    return tjDecompress2(handle, bytes.data(), bytes.size(), pixels, scaled_width,
                         scaled_width * tjPixelSize[format], scaled_height, format,
                         TJFLAG_LIMITSCANS) == 0 ||
           IsHarmless(handle);
  };

  StoredImage image;
  image.source_height = height;
  image.source_width = width;
  image.orientation = ParseExifOrientation(markers.exif);
  LM_ASSIGN_OR_RETURN(image.pixels,
                      Tensor::Allocate(allocator, DType::kUInt8, {scaled_height, scaled_width, 3}));
  if (colorspace == TJCS_CMYK || colorspace == TJCS_YCCK) {
    LM_ASSIGN_OR_RETURN(const Tensor cmyk, Tensor::Allocate(allocator, DType::kUInt8,
                                                            {scaled_height, scaled_width, 4}));
    if (!decode(cmyk.data<uint8_t>(), TJPF_CMYK)) return JpegError(handle);
    CmykToRgb({cmyk.data<uint8_t>(), static_cast<size_t>(cmyk.elements())},
              image.pixels.data<uint8_t>());
  } else if (!decode(image.pixels.data<uint8_t>(), TJPF_RGB)) {
    return JpegError(handle);
  }
  return image;
}

}  // namespace localmamba
