#include "client/cli/chart.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace localmamba::client {
namespace {

constexpr size_t kWidth = 60;  // of the drawing; the labels of the y axis take 12 more
constexpr size_t kHeight = 12;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void Add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // From 0 to cells - 1.
  [[nodiscard]] size_t Cell(double value, size_t cells) const {
    if (high <= low) return 0;
    return static_cast<size_t>(
        std::lround((value - low) / (high - low) * static_cast<double>(cells - 1)));
  }
};

}  // namespace

std::string DrawChart(const std::vector<ChartSeries>& series, const std::string& x_name) {
  Range xs;
  Range ys;
  size_t count = 0;
  for (const ChartSeries& one : series) {
    for (const auto& [x, y] : one.points) {
      if (!std::isfinite(y)) continue;
      xs.Add(x);
      ys.Add(y);
      ++count;
    }
  }
  if (count < 2) return "";
  std::vector<std::string> rows(kHeight, std::string(kWidth, ' '));
  std::string legend;
  for (const ChartSeries& one : series) {
    if (one.points.empty()) continue;
    absl::StrAppend(&legend, legend.empty() ? "" : "   ", std::string(1, one.mark), " ", one.name);
    for (const auto& [x, y] : one.points) {
      if (std::isfinite(y)) rows[kHeight - 1 - ys.Cell(y, kHeight)][xs.Cell(x, kWidth)] = one.mark;
    }
  }
  std::string text = absl::StrFormat("%12s%s\n", "", legend);
  for (size_t i = 0; i < kHeight; ++i) {
    std::string label;
    if (i == 0) label = absl::StrFormat("%.4g", ys.high);
    if (i == kHeight - 1) label = absl::StrFormat("%.4g", ys.low);
    absl::StrAppendFormat(&text, "%10s |%s\n", label, rows[i]);
  }
  const std::string left = absl::StrFormat("%g", xs.low);
  const std::string right = absl::StrFormat("%g %s", xs.high, x_name);
  absl::StrAppendFormat(&text, "%11s+%s\n%12s%s%*s\n", "", std::string(kWidth, '-'), "", left,
                        static_cast<int>(kWidth - left.size()), right);
  return text;
}

}  // namespace localmamba::client
