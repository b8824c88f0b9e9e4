#include "model/data/sample_bicubic.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace localmamba {
namespace {

// A pixel in four lanes (one unused), so that compilers make it one vector.
struct alignas(16) Pixel {
  std::array<float, 4> c;
};

Pixel Load(const uint8_t* rgb) {
  return {{static_cast<float>(rgb[0]), static_cast<float>(rgb[1]), static_cast<float>(rgb[2]), 0}};
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

void SamplePixel(const RgbImage& in, Point source, uint8_t* out) {
  const double column = std::floor(source.x - 0.5);
  const double row = std::floor(source.y - 0.5);
  const auto dx = static_cast<float>(source.x - 0.5 - column);
  const auto dy = static_cast<float>(source.y - 0.5 - row);
  std::array<int64_t, 4> offset{};
  std::array<Pixel, 4> rows;
  for (int64_t k = 0; k < 4; ++k) {
    const int64_t x = static_cast<int64_t>(column) - 1 + k;
    offset[static_cast<size_t>(k)] = std::clamp<int64_t>(x, 0, in.width() - 1) * 3;
  }
  for (int64_t k = 0; k < 4; ++k) {
    const int64_t y = static_cast<int64_t>(row) - 1 + k;
    const uint8_t* pixels = in.row(std::clamp<int64_t>(y, 0, in.height() - 1));
    rows[static_cast<size_t>(k)] =
        Interpolate(Load(pixels + offset[0]), Load(pixels + offset[1]), Load(pixels + offset[2]),
                    Load(pixels + offset[3]), dx);
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
  for (int64_t y = region.top; y < region.bottom; ++y) {
    uint8_t* row = out.row(y);
    for (int64_t x = region.left; x < region.right; ++x) {
      const Point p = source(
          {static_cast<double>(x - region.left) + 0.5, static_cast<double>(y - region.top) + 0.5});
      const bool inside = p.x >= 0 && p.x < width && p.y >= 0 && p.y < height;
      if (inside) SamplePixel(in, p, row + x * 3);
    }
  }
}

}  // namespace localmamba
