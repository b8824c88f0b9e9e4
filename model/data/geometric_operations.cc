#include "model/data/geometric_operations.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/image/resize_antialiased.h"
#include "model/data/sample_bicubic.h"

namespace localmamba {
namespace {

// Where pixel (x, y) of the result comes from: (a x + b y + c, d x + e y + f).
struct Affine {
  double a = 1;
  double b = 0;
  double c = 0;
  double d = 0;
  double e = 1;
  double f = 0;

  Point operator()(Point p) const { return {a * p.x + b * p.y + c, d * p.x + e * p.y + f}; }
};

Region Whole(const RgbImage& image) { return {0, 0, image.width(), image.height()}; }

void Transform(RgbImage& image, absl::FunctionRef<Point(Point p)> source, Rgb fill) {
  RgbImage result(image.height(), image.width(), fill);
  SampleBicubic(image, Whole(image), source, result);
  image = std::move(result);
}

// Fills a rectangle from the quadrilateral with these corners, bilinearly (Image.transform, QUAD).
void FillFromQuad(const RgbImage& in, const Region& region, Point north_west, Point south_west,
                  Point south_east, Point north_east, RgbImage& out) {
  const double over_width = 1.0 / static_cast<double>(region.right - region.left);
  const double over_height = 1.0 / static_cast<double>(region.bottom - region.top);
  const auto interpolate = [&](double nw, double sw, double se, double ne, Point p) {
    return nw + (ne - nw) * over_width * p.x + (sw - nw) * over_height * p.y +
           (se - sw - ne + nw) * over_width * over_height * p.x * p.y;
  };
  SampleBicubic(
      in, region,
      [&](Point p) -> Point {
        return {interpolate(north_west.x, south_west.x, south_east.x, north_east.x, p),
                interpolate(north_west.y, south_west.y, south_east.y, north_east.y, p)};
      },
      out);
}

}  // namespace

void Rotate(RgbImage& image, double degrees, Rgb fill) {
  const double angle = -degrees * std::numbers::pi / 180;
  const double cosine = std::cos(angle);
  const double sine = std::sin(angle);
  const double x = static_cast<double>(image.width()) / 2;
  const double y = static_cast<double>(image.height()) / 2;
  Transform(image,
            Affine{.a = cosine,
                   .b = sine,
                   .c = x - cosine * x - sine * y,
                   .d = -sine,
                   .e = cosine,
                   .f = y + sine * x - cosine * y},
            fill);
}

void ShearX(RgbImage& image, double factor, Rgb fill) {
  Transform(image, Affine{.b = factor}, fill);
}

void ShearY(RgbImage& image, double factor, Rgb fill) {
  Transform(image, Affine{.d = factor}, fill);
}

void TranslateX(RgbImage& image, double share, Rgb fill) {
  Transform(image, Affine{.c = share * static_cast<double>(image.width())}, fill);
}

void TranslateY(RgbImage& image, double share, Rgb fill) {
  Transform(image, Affine{.f = share * static_cast<double>(image.height())}, fill);
}

void Distort(RgbImage& image, int tiles, int shift) {
  if (tiles < 2 || tiles > std::min(image.height(), image.width())) return;
  // The last row and column of tiles take what is left over. The corner of tile (row, column):
  const auto corner = [tiles](int i, int64_t side) { return i < tiles ? side / tiles * i : side; };
  const auto moved = [&](int row, int column) -> Point {
    const bool inner = row > 0 && row < tiles && column > 0 && column < tiles;
    const int64_t by = inner ? shift : 0;
    return {static_cast<double>(corner(column, image.width()) + by),
            static_cast<double>(corner(row, image.height()) + by)};
  };
  RgbImage result(image.height(), image.width());
  for (int row = 0; row < tiles; ++row) {
    for (int column = 0; column < tiles; ++column) {
      const Region tile = {corner(column, image.width()), corner(row, image.height()),
                           corner(column + 1, image.width()), corner(row + 1, image.height())};
      FillFromQuad(image, tile, moved(row, column), moved(row + 1, column),
                   moved(row + 1, column + 1), moved(row, column + 1), result);
    }
  }
  image = std::move(result);
}

void Skew(RgbImage& image, double share) {
  const auto width = static_cast<double>(image.width());
  const auto height = static_cast<double>(image.height());
  const double by = std::ceil(std::max(width, height) * share);
  // The corners go to (-by, 0), (width, -by), (width + by, height) and (0, height + by), which is a
  // parallelogram: the perspective transform of the official code is an affine one.
  const double determinant = (width + by) * (height + by) + by * by;
  if (determinant == 0) return;
  const double x_scale = width / determinant;
  const double y_scale = height / determinant;
  Transform(image,
            Affine{.a = x_scale * (height + by),
                   .b = -x_scale * by,
                   .c = x_scale * (height + by) * by,
                   .d = y_scale * by,
                   .e = y_scale * (width + by),
                   .f = y_scale * by * by},
            Rgb{});
}

absl::Status Zoom(RgbImage& image, double factor, Stream& stream) {
  const int64_t height = image.height();
  const int64_t width = image.width();
  const auto scaled = [factor](int64_t side) {  // halves to even
    return std::max<int64_t>(1, std::llrint(static_cast<double>(side) * factor));
  };
  RgbImage zoomed(scaled(height), scaled(width));
  LM_RETURN_IF_ERROR(
      ResizeAntialiased(image.view(), ResizeFilter::kBicubic, zoomed.view(), stream));
  // Of `zoomed` in the result: floor((zoomed - side) / 2) before it, or cut off.
  const auto offset = [](int64_t zoomed_side, int64_t side) {
    return -static_cast<int64_t>(std::floor(static_cast<double>(zoomed_side - side) / 2));
  };
  const int64_t top = offset(zoomed.height(), height);
  const int64_t left = offset(zoomed.width(), width);
  const int64_t first = std::max<int64_t>(left, 0);
  const int64_t end = std::min(left + zoomed.width(), width);
  RgbImage result(height, width);
  for (int64_t y = std::max<int64_t>(top, 0); y < std::min(top + zoomed.height(), height); ++y) {
    std::memcpy(result.row(y) + first * 3, zoomed.row(y - top) + (first - left) * 3,
                static_cast<size_t>((end - first) * 3));
  }
  image = std::move(result);
  return absl::OkStatus();
}

void FlipHorizontally(RgbImage& image) {
  for (int64_t y = 0; y < image.height(); ++y) {
    uint8_t* row = image.row(y);
    for (int64_t left = 0, right = image.width() - 1; left < right; ++left, --right) {
      std::swap_ranges(row + left * 3, row + left * 3 + 3, row + right * 3);
    }
  }
}

}  // namespace localmamba
