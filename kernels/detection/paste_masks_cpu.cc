#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/detection/backends.h"
#include "kernels/device/parallel.h"

namespace localmamba {
namespace {

// Coordinates in the map of the pixels [begin, end) of one axis.
std::vector<float> MapCoordinates(float low, float high, int64_t begin, int64_t end, int64_t M) {
  std::vector<float> coordinates;
  for (int64_t i = begin; i < end; ++i) {
    float g = (static_cast<float>(i) + 0.5F - low) / (high - low) * 2.0F - 1.0F;
    if (std::isinf(g)) g = 0;
    coordinates.push_back(((g + 1.0F) * static_cast<float>(M) - 1.0F) / 2.0F);
  }
  return coordinates;
}

// Bilinear, 0 outside the M x M map; NaN for an undefined coordinate.
float Sample(const float* map, int64_t M, float v, float u) {
  const auto size = static_cast<float>(M);
  if (std::isnan(u) || std::isnan(v)) return NAN;
  if (!(u > -1 && u < size && v > -1 && v < size)) return 0;
  const float u0 = std::floor(u);
  const float v0 = std::floor(v);
  const auto column = static_cast<int64_t>(u0);
  const auto row = static_cast<int64_t>(v0);
  const auto cell = [&](int64_t r, int64_t c) {
    return 0 <= r && r < M && 0 <= c && c < M ? map[r * M + c] : 0.0F;
  };
  const float right = u - u0;
  const float left = u0 + 1.0F - u;
  const float lower = v - v0;
  const float upper = v0 + 1.0F - v;
  return cell(row, column) * (left * upper) + cell(row, column + 1) * (right * upper) +
         cell(row + 1, column) * (left * lower) + cell(row + 1, column + 1) * (right * lower);
}

void PasteMask(const PasteMasksArgs& args, int64_t n) {
  const int64_t M = args.probabilities.dim(1);
  const int64_t H = args.masks.dim(1);
  const int64_t W = args.masks.dim(2);
  const float* map = args.probabilities.data<float>() + n * M * M;
  const Box& box = reinterpret_cast<const Box*>(args.boxes.data<float>())[n];
  uint8_t* mask = args.masks.data<uint8_t>() + n * H * W;
  std::fill_n(mask, H * W, uint8_t{0});
  const PixelWindow window = MaskWindow(box, args.top + H, args.left + W);
  const int64_t top = std::max(window.top, args.top);
  const int64_t left = std::max(window.left, args.left);
  const std::vector<float> v = MapCoordinates(box.y1, box.y2, top, window.bottom, M);
  const std::vector<float> u = MapCoordinates(box.x1, box.x2, left, window.right, M);
  for (size_t i = 0; i < v.size(); ++i) {
    uint8_t* row = mask + (top - args.top + static_cast<int64_t>(i)) * W + (left - args.left);
    for (size_t j = 0; j < u.size(); ++j) row[j] = Sample(map, M, v[i], u[j]) >= 0.5F ? 1 : 0;
  }
}

}  // namespace

absl::Status PasteMasksCpu(const PasteMasksArgs& args, Stream& stream) {
  ParallelFor(stream, args.masks.dim(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) PasteMask(args, n);
  });
  return absl::OkStatus();
}

}  // namespace localmamba
