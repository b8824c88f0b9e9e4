#include "server/pipeline/prepare_image.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

absl::Status CheckSide(absl::string_view field, int64_t found, const DecodeLimits& limits) {
  if (1 <= found && found <= limits.max_side) return absl::OkStatus();
  return InvalidRequest(
      absl::StrCat("image.raw.", field, ": found ", found, ", wanted 1 to ", limits.max_side));
}

absl::Status Check(const RawImage& image, const DecodeLimits& limits) {
  LM_RETURN_IF_ERROR(CheckSide("height", image.height, limits));
  LM_RETURN_IF_ERROR(CheckSide("width", image.width, limits));
  const int64_t pixels = image.height * image.width;
  if (pixels > limits.max_pixels) {
    return InvalidRequest(absl::StrCat("image.raw: found ", image.height, " x ", image.width, " = ",
                                       pixels, " pixels, wanted at most ", limits.max_pixels));
  }
  const auto [shorter, longer] = std::minmax(image.height, image.width);
  if (static_cast<double>(longer) > limits.max_aspect_ratio * static_cast<double>(shorter)) {
    return InvalidRequest(absl::StrCat("image.raw: found ", image.height, " x ", image.width,
                                       " pixels, wanted a ratio of the sides of at most ",
                                       limits.max_aspect_ratio));
  }
  if (image.rgb.size() != static_cast<size_t>(pixels) * 3) {
    return InvalidRequest(absl::StrCat("image.raw.rgb: found ", image.rgb.size(),
                                       " bytes, wanted height * width * 3 = ", pixels * 3));
  }
  return absl::OkStatus();
}

// Errors of the vision library, which speak of the picture.
absl::Status AboutImage(const absl::Status& status) {
  if (!absl::IsInvalidArgument(status)) return status;
  return Reject(RejectReason::kInvalidImage, status);
}

// The pixels of a picture, decoded if they have to be.
struct Pixels {
  ConstTensorView view;  // (H, W, 3), u8
  Tensor decoded;        // keeps those of an encoded image

  // `wanted_short_side` as in DecodeOptions.
  static absl::StatusOr<Pixels> Of(const ImageSource& source, const DecodeLimits& limits,
                                   int64_t wanted_short_side, Allocator& allocator) {
    Pixels pixels;
    if (const auto* raw = std::get_if<RawImage>(&source)) {
      LM_RETURN_IF_ERROR(Check(*raw, limits));
      pixels.view = ConstTensorView(raw->rgb.data(), DType::kUInt8, {raw->height, raw->width, 3},
                                    Device::Cpu());
      return pixels;
    }
    absl::StatusOr<DecodedImage> result =
        DecodeImage(std::get<EncodedImage>(source).bytes,
                    {.limits = limits, .wanted_short_side = wanted_short_side}, allocator);
    if (!result.ok()) return AboutImage(result.status());
    pixels.decoded = std::move(result->pixels);
    pixels.view = pixels.decoded;
    return pixels;
  }
};

}  // namespace

size_t BytesOf(const ImageSource& source) {
  const auto* encoded = std::get_if<EncodedImage>(&source);
  return encoded != nullptr ? encoded->bytes.size() : std::get<RawImage>(source).rgb.size();
}

absl::StatusOr<Tensor> PrepareImage(const ImageSource& source, const PreprocessConfig& config,
                                    const DecodeLimits& limits, Allocator& allocator) {
  // One thread each: many images are prepared at once.
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 1));
  LM_ASSIGN_OR_RETURN(const Pixels image,
                      Pixels::Of(source, limits, config.resize_short_side, allocator));
  absl::StatusOr<Tensor> pixels = ResizeAndCrop(config, image.view, allocator, stream);
  if (!pixels.ok()) return AboutImage(pixels.status());
  return pixels;
}

absl::StatusOr<PreparedImage> PrepareImage(const ImageSource& source, const KeepRatioConfig& config,
                                           const PixelNormalization& normalization,
                                           const DecodeLimits& limits, Allocator& allocator) {
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 1));
  // A JPEG at less than its full size would not give the boxes and labels that others find.
  LM_ASSIGN_OR_RETURN(const Pixels image,
                      Pixels::Of(source, limits, /*wanted_short_side=*/0, allocator));
  absl::StatusOr<PreparedImage> prepared =
      ResizeKeepRatio(config, normalization, image.view, allocator, stream);
  if (!prepared.ok()) return AboutImage(prepared.status());
  return prepared;
}

}  // namespace localmamba::server
