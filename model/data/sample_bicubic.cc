#include "model/data/sample_bicubic.h"

#include <algorithm>
#include <array>
#include <vector>

namespace localmamba {
namespace {

// A pixel in four lanes (one unused), so that compilers make it one vector.
struct alignas(16) Pixel {
  std::array<float, 4> c{};
};

// Each pixel is read about 16 times, but converted once.
std::vector<Pixel> ToPixels(const RgbImage& image) {
  const std::vector<uint8_t>& bytes = image.bytes();
  std::vector<Pixel> pixels(bytes.size() / 3);
  for (size_t i = 0; i < pixels.size(); ++i) {
    for (size_t c = 0; c < 3; ++c) pixels[i].c[c] = static_cast<float>(bytes[3 * i + c]);
  }
  return pixels;
}

// Between b (at 0) and c (at 1). Written with differences so that equal pixels give themselves,
// however rounded.
Pixel Interpolate(const Pixel& a, const Pixel& b, const Pixel& c, const Pixel& d, float at) {
  Pixel result;
  for (size_t i = 0; i < 4; ++i) {
    const float p1 = b.c[i];
    const float p2 = c.c[i] - a.c[i];
    const float p3 = 2 * (a.c[i] - b.c[i]) + c.c[i] - d.c[i];
    const float p4 = b.c[i] - a.c[i] - c.c[i] + d.c[i];
    result.c[i] = p1 + at * (p2 + at * (p3 + at * p4));
  }
  return result;
}

// in: height x width pixels.
void SamplePixel(const Pixel* in, int64_t height, int64_t width, Point source, uint8_t* out) {
  // The pixel whose middle is at or before the source, which is inside of the image.
  const int64_t column = static_cast<int64_t>(source.x + 0.5) - 1;
  const int64_t row = static_cast<int64_t>(source.y + 0.5) - 1;
  const auto dx = static_cast<float>(source.x - 0.5 - static_cast<double>(column));
  const auto dy = static_cast<float>(source.y - 0.5 - static_cast<double>(row));
  std::array<int64_t, 4> x{};
  std::array<Pixel, 4> rows;
  for (size_t k = 0; k < 4; ++k) {
    x[k] = std::clamp<int64_t>(column - 1 + static_cast<int64_t>(k), 0, width - 1);
  }
  for (size_t k = 0; k < 4; ++k) {
    const int64_t y = std::clamp<int64_t>(row - 1 + static_cast<int64_t>(k), 0, height - 1);
    const Pixel* line = in + y * width;
    rows[k] = Interpolate(line[x[0]], line[x[1]], line[x[2]], line[x[3]], dx);
  }
  const Pixel result = Interpolate(rows[0], rows[1], rows[2], rows[3], dy);
  for (size_t c = 0; c < 3; ++c) {
    out[c] = static_cast<uint8_t>(std::clamp(result.c[c], 0.0F, 255.0F));
  }
}

}  // namespace

void SampleBicubic(const RgbImage& in, const Region& region,
                   absl::FunctionRef<Point(Point p)> source, RgbImage& out) {
  const auto width = static_cast<double>(in.width());
  const auto height = static_cast<double>(in.height());
  const std::vector<Pixel> pixels = ToPixels(in);
  for (int64_t y = region.top; y < region.bottom; ++y) {
    uint8_t* row = out.row(y);
    for (int64_t x = region.left; x < region.right; ++x) {
      const Point p = source(
          {static_cast<double>(x - region.left) + 0.5, static_cast<double>(y - region.top) + 0.5});
      const bool inside = p.x >= 0 && p.x < width && p.y >= 0 && p.y < height;
      if (inside) SamplePixel(pixels.data(), in.height(), in.width(), p, row + x * 3);
    }
  }
}

}  // namespace localmamba
