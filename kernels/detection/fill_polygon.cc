// The rasteriser of COCO's tools: the outline is walked on a grid five times as fine as the pixels;
// where it crosses a column's centre a run changes.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/detection/mask_polygons.h"

namespace localmamba {
namespace {

constexpr double kFineness = 5;
constexpr double kMaxCoordinate = 1 << 20;

struct Point {
  int64_t x, y;
};

int64_t Round(double value) { return static_cast<int64_t>(value + 0.5); }

absl::Status Check(absl::Span<const double> polygon) {
  if (polygon.size() < 6 || polygon.size() % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("polygon has ", polygon.size(), " coordinates, wanted an even number from 6"));
  }
  for (const double coordinate : polygon) {
    if (std::isfinite(coordinate) && std::abs(coordinate) <= kMaxCoordinate) continue;
    return absl::InvalidArgumentError(absl::StrCat("polygon has the coordinate ", coordinate,
                                                   ", wanted at most ", kMaxCoordinate));
  }
  return absl::OkStatus();
}

// The grid points of one edge, in its own direction.
void WalkEdge(Point from, Point to, std::vector<Point>& points) {
  const int64_t dx = std::abs(to.x - from.x);
  const int64_t dy = std::abs(to.y - from.y);
  const bool along_x = dx >= dy;
  const bool flip = along_x ? from.x > to.x : from.y > to.y;
  if (flip) std::swap(from, to);
  const int64_t steps = std::max(dx, dy);
  const double rise = static_cast<double>(along_x ? to.y - from.y : to.x - from.x);
  const double slope = steps == 0 ? 0.0 : rise / static_cast<double>(steps);
  for (int64_t d = 0; d <= steps; ++d) {
    const int64_t t = flip ? steps - d : d;
    const double offset = slope * static_cast<double>(t);
    if (along_x) {
      points.push_back({from.x + t, Round(static_cast<double>(from.y) + offset)});
    } else {
      points.push_back({Round(static_cast<double>(from.x) + offset), from.y + t});
    }
  }
}

// From the fine grid to pixels.
double Coarse(int64_t fine) { return (static_cast<double>(fine) + 0.5) / kFineness - 0.5; }

// Positions in the scan of the mask at which pixels begin or cease to be inside, sorted.
std::vector<int64_t> Crossings(const std::vector<Point>& points, int64_t height, int64_t width) {
  std::vector<int64_t> crossings;
  for (size_t j = 1; j < points.size(); ++j) {
    const Point& before = points[j - 1];
    const Point& here = points[j];
    if (here.x == before.x) continue;
    const double x = Coarse(here.x < before.x ? here.x : here.x - 1);
    if (std::floor(x) != x || x < 0 || x > static_cast<double>(width - 1)) continue;
    const double y =
        std::clamp(Coarse(std::min(here.y, before.y)), 0.0, static_cast<double>(height));
    crossings.push_back(static_cast<int64_t>(x) * height + static_cast<int64_t>(std::ceil(y)));
  }
  crossings.push_back(height * width);
  std::sort(crossings.begin(), crossings.end());
  return crossings;
}

}  // namespace

absl::StatusOr<RunLengths> FillPolygon(absl::Span<const double> polygon, int64_t height,
                                       int64_t width) {
  LM_RETURN_IF_ERROR(Check(polygon));
  const size_t corners = polygon.size() / 2;
  std::vector<Point> fine;
  for (size_t i = 0; i < corners; ++i) {
    fine.push_back({Round(kFineness * polygon[2 * i]), Round(kFineness * polygon[2 * i + 1])});
  }
  std::vector<Point> points;
  for (size_t i = 0; i < corners; ++i) WalkEdge(fine[i], fine[(i + 1) % corners], points);

  // Runs between crossings; where two coincide nothing changes and the neighbours become one.
  std::vector<uint32_t> counts;
  int64_t last = 0;
  bool join = false;
  for (const int64_t crossing : Crossings(points, height, width)) {
    const auto length = static_cast<uint32_t>(crossing - last);
    last = crossing;
    if (join) {
      counts.back() += length;
      join = false;
    } else if (length == 0 && !counts.empty()) {
      join = true;
    } else {
      counts.push_back(length);
    }
  }
  return MakeRunLengths(std::move(counts), height, width);
}

}  // namespace localmamba
