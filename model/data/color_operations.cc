#include "model/data/color_operations.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/functional/function_ref.h"

namespace localmamba {
namespace {

using Levels = std::array<uint8_t, 256>;
using Histogram = std::array<int64_t, 256>;

uint8_t ClipLevel(int level) { return static_cast<uint8_t>(std::clamp(level, 0, 255)); }

// Replaces every level of channel c by table[c].
void MapLevels(RgbImage& image, const std::array<Levels, 3>& table) {
  std::vector<uint8_t>& bytes = image.bytes();
  for (size_t i = 0; i < bytes.size(); i += 3) {
    for (size_t c = 0; c < 3; ++c) bytes[i + c] = table[c][bytes[i + c]];
  }
}

void MapLevels(RgbImage& image, absl::FunctionRef<int(int level)> map) {
  Levels table{};
  for (int level = 0; level < 256; ++level) {
    table[static_cast<size_t>(level)] = ClipLevel(map(level));
  }
  MapLevels(image, {table, table, table});
}

std::array<Histogram, 3> Histograms(const RgbImage& image) {
  std::array<Histogram, 3> histograms{};
  const std::vector<uint8_t>& bytes = image.bytes();
  for (size_t i = 0; i < bytes.size(); i += 3) {
    for (size_t c = 0; c < 3; ++c) ++histograms[c][bytes[i + c]];
  }
  return histograms;
}

Levels Identity() {
  Levels levels{};
  for (size_t level = 0; level < levels.size(); ++level) {
    levels[level] = static_cast<uint8_t>(level);
  }
  return levels;
}

// Luma of ITU-R 601 in 16-bit fixed point, as convert("L").
uint8_t Grey(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

// image = from + factor * (image - from), as Image.blend: in single precision, truncated.
// `from` gives the bytes of the image at factor 0.
template <class From>
void BlendFrom(RgbImage& image, double factor, From from) {
  const auto alpha = static_cast<float>(factor);
  std::vector<uint8_t>& bytes = image.bytes();
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const Rgb start = from(i);
    for (size_t c = 0; c < 3; ++c) {
      const int difference = bytes[i + c] - start[c];
      const float level = static_cast<float>(start[c]) + alpha * static_cast<float>(difference);
      bytes[i + c] = static_cast<uint8_t>(std::clamp(level, 0.0F, 255.0F));
    }
  }
}

// ImageFilter.SMOOTH: weights 5 in the middle and 1 around it, of 13; the border stays.
RgbImage Smoothed(const RgbImage& image) {
  RgbImage smoothed = image;
  const int64_t row_bytes = image.width() * 3;
  for (int64_t y = 1; y + 1 < image.height(); ++y) {
    const uint8_t* above = image.row(y - 1);
    const uint8_t* here = image.row(y);
    const uint8_t* below = image.row(y + 1);
    uint8_t* out = smoothed.row(y);
    for (int64_t i = 3; i + 3 < row_bytes; ++i) {
      const int sum = above[i - 3] + above[i] + above[i + 3] + here[i - 3] + 5 * here[i] +
                      here[i + 3] + below[i - 3] + below[i] + below[i + 3];
      out[i] = static_cast<uint8_t>((2 * sum + 13) / 26);
    }
  }
  return smoothed;
}

// A box filter of width 2 * radius + 1: whole weights for pixels up to `whole` away, a part for
// the next ones, in 24-bit fixed point (Pillow's src/libImaging/BoxBlur.c).
struct Box {
  explicit Box(float radius) : whole(static_cast<int64_t>(radius)) {
    weight = static_cast<uint32_t>(static_cast<float>(1U << 24U) / (radius * 2 + 1));
    part = ((1U << 24U) - static_cast<uint32_t>(whole * 2 + 1) * weight) / 2;
  }
  int64_t whole;
  uint32_t weight;
  uint32_t part;
};

// Filters `length` levels that are `stride` apart. Beyond the ends are copies of the end.
void BlurLine(uint8_t* line, int64_t length, int64_t stride, const Box& box,
              std::vector<uint8_t>& copy) {
  copy.resize(static_cast<size_t>(length));
  for (int64_t i = 0; i < length; ++i) copy[static_cast<size_t>(i)] = line[i * stride];
  const auto at = [&](int64_t i) -> uint32_t {
    return copy[static_cast<size_t>(std::clamp<int64_t>(i, 0, length - 1))];
  };
  for (int64_t i = 0; i < length; ++i) {
    uint32_t sum = 0;
    for (int64_t k = -box.whole; k <= box.whole; ++k) sum += at(i + k);
    const uint32_t ends = at(i - box.whole - 1) + at(i + box.whole + 1);
    line[i * stride] =
        static_cast<uint8_t>((sum * box.weight + ends * box.part + (1U << 23U)) >> 24U);
  }
}

// The radius of the box that, applied so many times, has the variance of the Gaussian.
float BoxRadius(float radius, int passes) {
  const float variance = radius * radius / static_cast<float>(passes);
  const float length = std::sqrt(12 * variance + 1);
  const float whole = std::floor((length - 1) / 2);
  const float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) /
                     (6 * (variance - (whole + 1) * (whole + 1)));
  return whole + part;
}

}  // namespace

void AutoContrast(RgbImage& image) {
  std::array<Levels, 3> table{};
  const std::array<Histogram, 3> histograms = Histograms(image);
  for (size_t c = 0; c < 3; ++c) {
    const Histogram& histogram = histograms[c];
    const auto used = [](int64_t count) { return count != 0; };
    const auto low = std::find_if(histogram.begin(), histogram.end(), used) - histogram.begin();
    const auto high =
        255 - (std::find_if(histogram.rbegin(), histogram.rend(), used) - histogram.rbegin());
    table[c] = Identity();
    if (high <= low) continue;
    const double scale = 255.0 / static_cast<double>(high - low);
    const double offset = -static_cast<double>(low) * scale;
    for (size_t level = 0; level < 256; ++level) {
      table[c][level] = ClipLevel(static_cast<int>(static_cast<double>(level) * scale + offset));
    }
  }
  MapLevels(image, table);
}

void Equalize(RgbImage& image) {
  std::array<Levels, 3> table{};
  const std::array<Histogram, 3> histograms = Histograms(image);
  const int64_t pixels = image.height() * image.width();
  for (size_t c = 0; c < 3; ++c) {
    const Histogram& histogram = histograms[c];
    const auto last = std::find_if(histogram.rbegin(), histogram.rend(),
                                   [](int64_t count) { return count != 0; });
    const int64_t step = (pixels - *last) / 255;
    table[c] = Identity();
    if (step == 0) continue;
    int64_t sum = step / 2;
    for (size_t level = 0; level < 256; ++level) {
      table[c][level] = ClipLevel(static_cast<int>(sum / step));
      sum += histogram[level];
    }
  }
  MapLevels(image, table);
}

void Invert(RgbImage& image) {
  MapLevels(image, [](int level) { return 255 - level; });
}

void Posterize(RgbImage& image, int bits) {
  const int dropped = 8 - std::clamp(bits, 0, 8);
  MapLevels(image, [dropped](int level) { return level >> dropped << dropped; });
}

void Solarize(RgbImage& image, int threshold) {
  MapLevels(image, [threshold](int level) { return level < threshold ? level : 255 - level; });
}

void SolarizeAdd(RgbImage& image, int amount) {
  MapLevels(image, [amount](int level) { return level < 128 ? level + amount : level; });
}

void AdjustSaturation(RgbImage& image, double factor) {
  const std::vector<uint8_t>& bytes = image.bytes();
  BlendFrom(image, factor, [&bytes](size_t i) {
    const uint8_t grey = Grey(bytes.data() + i);
    return Rgb{grey, grey, grey};
  });
}

void AdjustContrast(RgbImage& image, double factor) {
  const std::vector<uint8_t>& bytes = image.bytes();
  int64_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 3) sum += Grey(bytes.data() + i);
  const double mean = static_cast<double>(sum) / static_cast<double>(bytes.size() / 3);
  const auto grey = static_cast<uint8_t>(mean + 0.5);
  BlendFrom(image, factor, [grey](size_t /*i*/) { return Rgb{grey, grey, grey}; });
}

void AdjustBrightness(RgbImage& image, double factor) {
  BlendFrom(image, factor, [](size_t /*i*/) { return Rgb{}; });
}

void AdjustSharpness(RgbImage& image, double factor) {
  const RgbImage smoothed = Smoothed(image);
  const uint8_t* start = smoothed.bytes().data();
  BlendFrom(image, factor, [start](size_t i) { return Rgb{start[i], start[i + 1], start[i + 2]}; });
}

void GaussianBlur(RgbImage& image, double radius) {
  constexpr int kPasses = 3;
  if (radius == 0) return;
  const Box box(BoxRadius(static_cast<float>(radius), kPasses));
  std::vector<uint8_t> copy;
  for (int pass = 0; pass < kPasses; ++pass) {
    for (int64_t y = 0; y < image.height(); ++y) {
      for (int64_t c = 0; c < 3; ++c) BlurLine(image.row(y) + c, image.width(), 3, box, copy);
    }
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    for (int64_t i = 0; i < image.width() * 3; ++i) {
      BlurLine(image.row(0) + i, image.height(), image.width() * 3, box, copy);
    }
  }
}

}  // namespace localmamba
