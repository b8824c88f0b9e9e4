// The detection operations in double precision, straight from their definitions
// (kernels/detection).
#ifndef LOCALMAMBA_TESTS_REFERENCE_DETECTION_H_
#define LOCALMAMBA_TESTS_REFERENCE_DETECTION_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace localmamba::reference {

using Corners = std::array<double, 4>;

inline Corners Anchor(int64_t y, int64_t x, int64_t stride, double ratio, double scale = 8) {
  const auto s = static_cast<double>(stride);
  const double half_width = s * scale / std::sqrt(ratio) / 2;
  const double half_height = s * scale * std::sqrt(ratio) / 2;
  const double centre_x = static_cast<double>(x) * s;
  const double centre_y = static_cast<double>(y) * s;
  return {centre_x - half_width, centre_y - half_height, centre_x + half_width,
          centre_y + half_height};
}

inline Corners DecodeBox(const Corners& box, const std::array<double, 4>& delta,
                         const std::array<double, 4>& scale, double height, double width) {
  const double limit = std::abs(std::log(16.0 / 1000.0));
  const double pw = box[2] - box[0];
  const double ph = box[3] - box[1];
  const double gx = (box[0] + box[2]) / 2 + pw * delta[0] * scale[0];
  const double gy = (box[1] + box[3]) / 2 + ph * delta[1] * scale[1];
  const double gw = pw * std::exp(std::clamp(delta[2] * scale[2], -limit, limit));
  const double gh = ph * std::exp(std::clamp(delta[3] * scale[3], -limit, limit));
  return {std::clamp(gx - gw / 2, 0.0, width), std::clamp(gy - gh / 2, 0.0, height),
          std::clamp(gx + gw / 2, 0.0, width), std::clamp(gy + gh / 2, 0.0, height)};
}

// One channel of a map of height x width cells at (y, x).
template <class Map>
double Interpolate(const Map& map, int64_t height, int64_t width, double y, double x) {
  if (y < -1 || y > static_cast<double>(height) || x < -1 || x > static_cast<double>(width)) {
    return 0;
  }
  y = std::clamp(y, 0.0, static_cast<double>(height - 1));
  x = std::clamp(x, 0.0, static_cast<double>(width - 1));
  const auto y0 = static_cast<int64_t>(y);
  const auto x0 = static_cast<int64_t>(x);
  const int64_t y1 = std::min(y0 + 1, height - 1);
  const int64_t x1 = std::min(x0 + 1, width - 1);
  const double dy = y - static_cast<double>(y0);
  const double dx = x - static_cast<double>(x0);
  return (1 - dy) * ((1 - dx) * map(y0, x0) + dx * map(y0, x1)) +
         dy * ((1 - dx) * map(y1, x0) + dx * map(y1, x1));
}

// Bin (p, q) of P x Q of a region, of one channel of a map: the mean over its samples.
template <class Map>
double RoiAlignBin(const Map& map, int64_t height, int64_t width, double stride, const Corners& roi,
                   int64_t P, int64_t Q, int64_t p, int64_t q) {
  const double ys = roi[1] / stride - 0.5;
  const double xs = roi[0] / stride - 0.5;
  const double bh = (roi[3] - roi[1]) / stride / static_cast<double>(P);
  const double bw = (roi[2] - roi[0]) / stride / static_cast<double>(Q);
  const double gh = std::ceil(bh);
  const double gw = std::ceil(bw);
  double sum = 0;
  for (double i = 0; i < gh; ++i) {
    for (double j = 0; j < gw; ++j) {
      sum += Interpolate(map, height, width, ys + static_cast<double>(p) * bh + (i + 0.5) * bh / gh,
                         xs + static_cast<double>(q) * bw + (j + 0.5) * bw / gw);
    }
  }
  return sum / std::max(gh * gw, 1.0);
}

inline size_t RoiLevel(const Corners& roi, size_t levels) {
  const double scale = std::sqrt((roi[2] - roi[0]) * (roi[3] - roi[1]));
  const double level = std::floor(std::log2(scale / 56 + 1e-6));
  return static_cast<size_t>(std::clamp(level, 0.0, static_cast<double>(levels - 1)));
}

inline double IntersectionOverUnion(const Corners& a, const Corners& b) {
  const double width = std::max(0.0, std::min(a[2], b[2]) - std::max(a[0], b[0]));
  const double height = std::max(0.0, std::min(a[3], b[3]) - std::max(a[1], b[1]));
  const double areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]);
  return width * height / (areas - width * height);
}

// Indices of the kept boxes, best first.
inline std::vector<int32_t> BatchedNms(const std::vector<Corners>& boxes,
                                       const std::vector<double>& scores,
                                       const std::vector<int32_t>& groups, double score_threshold,
                                       double iou_threshold) {
  std::vector<int32_t> order(boxes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return scores[static_cast<size_t>(a)] > scores[static_cast<size_t>(b)];
  });
  std::vector<int32_t> kept;
  for (const int32_t candidate : order) {
    const auto c = static_cast<size_t>(candidate);
    bool keep = scores[c] > score_threshold;
    for (const int32_t other : kept) {
      const auto o = static_cast<size_t>(other);
      if (groups[o] == groups[c] && IntersectionOverUnion(boxes[o], boxes[c]) > iou_threshold) {
        keep = false;
      }
    }
    if (keep) kept.push_back(candidate);
  }
  return kept;
}

// The value of an M x M map stretched over `box` at the centre of pixel (Y, X).
inline double PastedValue(const std::vector<double>& map, int64_t M, const Corners& box, int64_t Y,
                          int64_t X) {
  const double size = static_cast<double>(M);
  const double u = (static_cast<double>(X) + 0.5 - box[0]) / (box[2] - box[0]) * size - 0.5;
  const double v = (static_cast<double>(Y) + 0.5 - box[1]) / (box[3] - box[1]) * size - 0.5;
  double sum = 0;
  for (int64_t r = 0; r < M; ++r) {
    for (int64_t c = 0; c < M; ++c) {
      const double weight = std::max(0.0, 1 - std::abs(v - static_cast<double>(r))) *
                            std::max(0.0, 1 - std::abs(u - static_cast<double>(c)));
      sum += weight * map[static_cast<size_t>(r * M + c)];
    }
  }
  return sum;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_DETECTION_H_
