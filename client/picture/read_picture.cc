#include "client/picture/read_picture.h"

#include <spng.h>
#include <turbojpeg.h>
#include <webp/decode.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/picture/exif.h"

namespace localmamba::client {
namespace {

using PngDecoder = std::unique_ptr<spng_ctx, void (*)(spng_ctx*)>;

absl::Status Undecodable(absl::string_view format, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(format, " cannot be decoded: ", why));
}

const uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

// CMYK as JPEGs hold it, inverted.
cv::Mat CmykToRgb(const cv::Mat& cmyk) {
  cv::Mat rgb(cmyk.size(), CV_8UC3);
  rgb.forEach<cv::Vec3b>([&](cv::Vec3b& pixel, const int* position) {
    const auto& from = cmyk.at<cv::Vec4b>(position[0], position[1]);
    for (int c = 0; c < 3; ++c) pixel[c] = static_cast<uint8_t>(from[c] * from[3] / 255);
  });
  return rgb;
}

absl::StatusOr<cv::Mat> ReadJpeg(absl::string_view file) {
  const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), &tjDestroy);
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colorspace = 0;
  // Fails too for subsampling that has no name in this API, but can be decoded.
  tjDecompressHeader3(decoder.get(), Bytes(file), file.size(), &width, &height, &subsampling,
                      &colorspace);
  if (width < 1 || height < 1) return Undecodable("JPEG", tjGetErrorStr2(decoder.get()));
  const bool cmyk = colorspace == TJCS_CMYK || colorspace == TJCS_YCCK;
  cv::Mat pixels(height, width, cmyk ? CV_8UC4 : CV_8UC3);
  if (tjDecompress2(decoder.get(), Bytes(file), file.size(), pixels.data, width, 0, height,
                    cmyk ? TJPF_CMYK : TJPF_RGB, 0) != 0 &&
      tjGetErrorCode(decoder.get()) != TJERR_WARNING) {
    return Undecodable("JPEG", tjGetErrorStr2(decoder.get()));
  }
  return TurnUpright(cmyk ? CmykToRgb(pixels) : pixels, OrientationOf(ExifOfJpeg(file)));
}

absl::StatusOr<cv::Mat> ReadPng(absl::string_view file) {
  const PngDecoder decoder(spng_ctx_new(0), &spng_ctx_free);
  spng_ihdr header;
  int error = spng_set_png_buffer(decoder.get(), file.data(), file.size());
  if (error == 0) error = spng_get_ihdr(decoder.get(), &header);
  if (error != 0) return Undecodable("PNG", spng_strerror(error));
  cv::Mat pixels(static_cast<int>(header.height), static_cast<int>(header.width), CV_8UC3);
  error = spng_decode_image(decoder.get(), pixels.data, pixels.total() * pixels.elemSize(),
                            SPNG_FMT_RGB8, 0);
  if (error == 0) error = spng_decode_chunks(decoder.get());  // where Exif may be
  if (error != 0) return Undecodable("PNG", spng_strerror(error));
  spng_exif exif;
  if (spng_get_exif(decoder.get(), &exif) != 0) return pixels;
  return TurnUpright(pixels, OrientationOf({exif.data, exif.length}));
}

absl::StatusOr<cv::Mat> ReadWebp(absl::string_view file) {
  int width = 0;
  int height = 0;
  if (WebPGetInfo(Bytes(file), file.size(), &width, &height) == 0) {
    return Undecodable("WebP", "its header is damaged");
  }
  cv::Mat pixels(height, width, CV_8UC3);
  if (WebPDecodeRGBInto(Bytes(file), file.size(), pixels.data, pixels.total() * pixels.elemSize(),
                        static_cast<int>(pixels.step)) == nullptr) {
    return Undecodable("WebP", "its pixels are damaged");
  }
  return TurnUpright(pixels, OrientationOf(ExifOfWebp(file)));
}

}  // namespace

absl::StatusOr<cv::Mat> ReadPicture(absl::string_view file) {
  if (absl::StartsWith(file, "\xFF\xD8\xFF")) return ReadJpeg(file);
  if (absl::StartsWith(file, "\x89PNG\r\n")) return ReadPng(file);
  if (absl::StartsWith(file, "RIFF") && file.size() >= 12 && file.substr(8, 4) == "WEBP") {
    return ReadWebp(file);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(file.size(), " bytes of an unknown format, wanted a JPEG, PNG or WebP file"));
}

absl::StatusOr<cv::Mat> ReadLabelMap(absl::string_view file) {
  const PngDecoder decoder(spng_ctx_new(0), &spng_ctx_free);
  spng_ihdr header;
  int error = spng_set_png_buffer(decoder.get(), file.data(), file.size());
  if (error == 0) error = spng_get_ihdr(decoder.get(), &header);
  if (error != 0) return Undecodable("label map", spng_strerror(error));
  if (header.color_type != SPNG_COLOR_TYPE_GRAYSCALE || header.bit_depth < 8) {
    return Undecodable("label map", "found a PNG of another kind, wanted gray of 8 or 16 bits");
  }
  cv::Mat labels(static_cast<int>(header.height), static_cast<int>(header.width),
                 header.bit_depth == 8 ? CV_8UC1 : CV_16UC1);
  // SPNG_FMT_PNG: as in the file, but in the byte order of this machine.
  error = spng_decode_image(decoder.get(), labels.data, labels.total() * labels.elemSize(),
                            SPNG_FMT_PNG, 0);
  if (error != 0) return Undecodable("label map", spng_strerror(error));
  labels.convertTo(labels, CV_16U);
  return labels;
}

}  // namespace localmamba::client
