#include "tests/support/images.h"

#include <spng.h>
#include <turbojpeg.h>
#include <webp/encode.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <string>
#include <utility>

#include "kernels/base/check.h"

namespace localmamba {
namespace {

void Append(Bytes& bytes, const Bytes& more) {
  std::copy(more.begin(), more.end(), std::back_inserter(bytes));
}

void AppendText(Bytes& bytes, const char* text, size_t size) {
  std::copy(text, text + size, std::back_inserter(bytes));
}

void AppendNumber(Bytes& bytes, uint32_t value, int size, bool big_endian) {
  for (int i = 0; i < size; ++i) {
    bytes.push_back(static_cast<uint8_t>(value >> 8 * (big_endian ? size - 1 - i : i)));
  }
}

// CRC-32 as PNG (ISO 15948, annex D) defines it.
uint32_t Crc32(const uint8_t* data, size_t size) {
  uint32_t crc = ~0U;
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1U ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

void AppendPngChunk(Bytes& png, const char* type, const Bytes& content) {
  AppendNumber(png, static_cast<uint32_t>(content.size()), 4, true);
  const size_t begin = png.size();
  AppendText(png, type, 4);
  Append(png, content);
  AppendNumber(png, Crc32(png.data() + begin, png.size() - begin), 4, true);
}

void AppendRiffChunk(Bytes& riff, const char* type, const Bytes& content) {
  AppendText(riff, type, 4);
  AppendNumber(riff, static_cast<uint32_t>(content.size()), 4, false);
  Append(riff, content);
  if (content.size() % 2 == 1) riff.push_back(0);
}

uint8_t PngColorType(const TestImage& image, const PngOptions& options) {
  if (!options.palette.empty()) return SPNG_COLOR_TYPE_INDEXED;
  constexpr std::array<spng_color_type, 4> kTypes = {
      SPNG_COLOR_TYPE_GRAYSCALE, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, SPNG_COLOR_TYPE_TRUECOLOR,
      SPNG_COLOR_TYPE_TRUECOLOR_ALPHA};
  return kTypes[static_cast<size_t>(image.channels - 1)];
}

// Samples as a PNG holds them in memory: 16-bit ones in the host's (little-endian) order, those
// below 8 bits packed from the highest bit on, each row beginning a byte.
Bytes PackSamples(const TestImage& image, int bit_depth) {
  if (bit_depth == 8) return image.pixels;
  Bytes packed;
  if (bit_depth == 16) {
    for (const uint8_t value : image.pixels) {
      packed.push_back(static_cast<uint8_t>(~value));
      packed.push_back(value);
    }
    return packed;
  }
  const int samples = image.width * image.channels;
  for (int y = 0; y < image.height; ++y) {
    for (int i = 0; i < samples; ++i) {
      const int bit = i * bit_depth % 8;
      if (bit == 0) packed.push_back(0);
      const unsigned value = image.pixels[static_cast<size_t>(y * samples + i)];
      packed.back() = static_cast<uint8_t>(packed.back() | value << (8 - bit_depth - bit));
    }
  }
  return packed;
}

}  // namespace

TestImage MakeImage(int height, int width, int channels) {
  TestImage image{height, width, channels, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int edge = x > 2 * width / 3 && y > height / 2 ? 60 : 0;
      const std::array<int, 4> values = {200 * x / width, 180 * y / height + edge,
                                         120 + 100 * x / width - 100 * y / height - edge,
                                         250 - 150 * x / width};
      for (int c = 0; c < channels; ++c) {
        image.pixels.push_back(
            static_cast<uint8_t>(values[static_cast<size_t>(channels == 2 && c == 1 ? 3 : c)]));
      }
    }
  }
  return image;
}

Bytes EncodeJpeg(const TestImage& image, const JpegOptions& options) {
  tjhandle compressor = tjInitCompress();
  LM_CHECK(compressor != nullptr);
  const TJPF format = image.channels == 1 ? TJPF_GRAY : image.channels == 3 ? TJPF_RGB : TJPF_CMYK;
  const TJSAMP full = image.channels == 1 ? TJSAMP_GRAY : TJSAMP_444;
  unsigned char* data = nullptr;
  unsigned long size = 0;
  LM_CHECK(tjCompress2(compressor, image.pixels.data(), image.width, 0, image.height, format, &data,
                       &size, options.subsampled ? TJSAMP_420 : full, options.quality,
                       options.progressive ? TJFLAG_PROGRESSIVE : 0) == 0);
  Bytes bytes(data, data + size);
  tjFree(data);
  tjDestroy(compressor);
  return bytes;
}

Bytes EncodePng(const TestImage& image, const PngOptions& options) {
  spng_ctx* encoder = spng_ctx_new(SPNG_CTX_ENCODER);
  LM_CHECK(encoder != nullptr);
  LM_CHECK(spng_set_option(encoder, SPNG_ENCODE_TO_BUFFER, 1) == 0);
  spng_ihdr header{};
  header.width = static_cast<uint32_t>(image.width);
  header.height = static_cast<uint32_t>(image.height);
  header.bit_depth = static_cast<uint8_t>(options.bit_depth);
  header.color_type = PngColorType(image, options);
  header.interlace_method = options.interlaced ? SPNG_INTERLACE_ADAM7 : SPNG_INTERLACE_NONE;
  LM_CHECK(spng_set_ihdr(encoder, &header) == 0);
  if (!options.palette.empty()) {
    spng_plte palette{};
    for (const auto& [red, green, blue] : options.palette) {
      palette.entries[palette.n_entries++] = {red, green, blue, 255};
    }
    LM_CHECK(spng_set_plte(encoder, &palette) == 0);
  }
  Bytes exif_data = options.exif;
  spng_exif exif{exif_data.size(), reinterpret_cast<char*>(exif_data.data())};
  if (!exif_data.empty()) LM_CHECK(spng_set_exif(encoder, &exif) == 0);
  std::string comment(options.comment_bytes, 'a');
  spng_text text{};
  std::strcpy(text.keyword, "Comment");
  text.type = SPNG_ZTXT;
  text.length = comment.size();
  text.text = comment.data();
  if (!comment.empty()) LM_CHECK(spng_set_text(encoder, &text, 1) == 0);
  const Bytes samples = PackSamples(image, options.bit_depth);
  LM_CHECK(spng_encode_image(encoder, samples.data(), samples.size(), SPNG_FMT_PNG,
                             SPNG_ENCODE_FINALIZE) == 0);
  int error = 0;
  size_t size = 0;
  void* data = spng_get_png_buffer(encoder, &size, &error);
  LM_CHECK(data != nullptr && error == 0);
  Bytes bytes(static_cast<uint8_t*>(data), static_cast<uint8_t*>(data) + size);
  std::free(data);
  spng_ctx_free(encoder);
  return bytes;
}

Bytes PngThatClaims(uint32_t height, uint32_t width) {
  Bytes png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  Bytes header;
  AppendNumber(header, width, 4, true);
  AppendNumber(header, height, 4, true);
  Append(header, {8, SPNG_COLOR_TYPE_TRUECOLOR, 0, 0, SPNG_INTERLACE_NONE});
  AppendPngChunk(png, "IHDR", header);
  // A zlib stream of one stored block of four zero bytes.
  AppendPngChunk(png, "IDAT", {0x78, 0x01, 1, 4, 0, 0xFB, 0xFF, 0, 0, 0, 0, 0, 4, 0, 1});
  AppendPngChunk(png, "IEND", {});
  return png;
}

void RepairPngChecksums(Bytes& png) {
  size_t position = 8;
  while (position < png.size() && png.size() - position >= 12) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8 | png[position + i];
    if (length > png.size() - position - 12) return;
    const size_t checked = position + 4;
    const uint32_t crc = Crc32(png.data() + checked, length + 4);
    for (size_t i = 0; i < 4; ++i) {
      png[checked + length + 4 + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    }
    position += length + 12;
  }
}

Bytes EncodeWebp(const TestImage& image, const WebpOptions& options) {
  uint8_t* data = nullptr;
  size_t size = 0;
  const int stride = image.width * image.channels;
  const uint8_t* pixels = image.pixels.data();
  if (options.lossless) {
    size = image.channels == 4
               ? WebPEncodeLosslessRGBA(pixels, image.width, image.height, stride, &data)
               : WebPEncodeLosslessRGB(pixels, image.width, image.height, stride, &data);
  } else {
    size = image.channels == 4
               ? WebPEncodeRGBA(pixels, image.width, image.height, stride, 90, &data)
               : WebPEncodeRGB(pixels, image.width, image.height, stride, 90, &data);
  }
  LM_CHECK(size > 12);
  Bytes simple(data, data + size);
  WebPFree(data);
  if (options.exif.empty() && !options.animated) return simple;
  // The extended format: a header chunk before what follows "RIFF", size, "WEBP".
  LM_CHECK(simple[12] == 'V' && simple[15] != 'X');
  Bytes extended;
  const uint32_t flags = (options.exif.empty() ? 0U : 8U) | (options.animated ? 2U : 0U);
  Bytes header;
  AppendNumber(header, flags, 4, false);
  AppendNumber(header, static_cast<uint32_t>(image.width - 1), 3, false);
  AppendNumber(header, static_cast<uint32_t>(image.height - 1), 3, false);
  AppendText(extended, "WEBP", 4);
  AppendRiffChunk(extended, "VP8X", header);
  extended.insert(extended.end(), simple.begin() + 12, simple.end());
  if (!options.exif.empty()) AppendRiffChunk(extended, "EXIF", options.exif);
  Bytes file;
  AppendRiffChunk(file, "RIFF", extended);
  return file;
}

Bytes MakeExif(uint16_t orientation, bool big_endian) {
  Bytes tiff;
  const auto number = [&](uint32_t value, int size) {
    AppendNumber(tiff, value, size, big_endian);
  };
  AppendText(tiff, big_endian ? "MM" : "II", 2);
  number(42, 2);
  number(8, 4);  // where the directory is
  number(2, 2);  // its entries: tag, type, count, value
  for (const auto& [tag, value] : {std::pair<uint16_t, uint16_t>{0x0100, 640},
                                   std::pair<uint16_t, uint16_t>{0x0112, orientation}}) {
    number(tag, 2);
    number(3, 2);
    number(1, 4);
    number(value, 2);
    number(0, 2);
  }
  number(0, 4);  // no further directory
  return tiff;
}

Bytes WithExif(const Bytes& jpeg, const Bytes& exif) {
  Bytes result(jpeg.begin(), jpeg.begin() + 2);
  Append(result, {0xFF, 0xE1});
  AppendNumber(result, static_cast<uint32_t>(exif.size() + 8), 2, true);
  AppendText(result, "Exif\0\0", 6);
  Append(result, exif);
  result.insert(result.end(), jpeg.begin() + 2, jpeg.end());
  return result;
}

}  // namespace localmamba
