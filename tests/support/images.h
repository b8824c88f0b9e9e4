// Makes images and encodes them, so that tests need no image files. Failures abort.
#ifndef LOCALMAMBA_TESTS_SUPPORT_IMAGES_H_
#define LOCALMAMBA_TESTS_SUPPORT_IMAGES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace localmamba {

using Bytes = std::vector<uint8_t>;

struct TestImage {
  int height = 0;
  int width = 0;
  int channels = 3;  // 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha (or CMYK, for EncodeJpeg)
  Bytes pixels;      // (height, width, channels)

  [[nodiscard]] uint8_t at(int y, int x, int c) const {
    return pixels[static_cast<size_t>((y * width + x) * channels + c)];
  }
};

// Smooth gradients with a few hard edges, different in every channel and without any symmetry.
TestImage MakeImage(int height, int width, int channels = 3);

struct JpegOptions {
  int quality = 95;
  bool subsampled = false;  // chroma at half the resolution
  bool progressive = false;
};
// Channels 1, 3 or 4 (CMYK as JPEGs hold it, inverted).
Bytes EncodeJpeg(const TestImage& image, const JpegOptions& options = {});

struct PngOptions {
  int bit_depth = 8;  // 16: `pixels` are the high bytes, the low bytes are the inverted ones
  bool interlaced = false;
  std::vector<std::array<uint8_t, 3>> palette;  // if not empty, `pixels` (1 channel) index it
  Bytes exif;                                   // if not empty, the content of the chunk eXIf
  size_t comment_bytes = 0;                     // of a compressed comment, 0 for none
};
Bytes EncodePng(const TestImage& image, const PngOptions& options = {});

// A PNG whose header claims this size and whose pixel data are a few zero bytes.
Bytes PngThatClaims(uint32_t height, uint32_t width);

// Gives every chunk of a PNG, damaged or not, the checksum of its content.
void RepairPngChecksums(Bytes& png);

struct WebpOptions {
  bool lossless = true;
  Bytes exif;             // if not empty, the content of the chunk EXIF
  bool animated = false;  // only says so: the frames of an animation are not there
};
// Channels 3 or 4.
Bytes EncodeWebp(const TestImage& image, const WebpOptions& options = {});

// TIFF data with the orientation tag (and one other) only.
Bytes MakeExif(uint16_t orientation, bool big_endian = false);
// The JPEG with an Exif segment of this content (after the prefix "Exif\0\0").
Bytes WithExif(const Bytes& jpeg, const Bytes& exif);

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_IMAGES_H_
