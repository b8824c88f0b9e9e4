#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/load/figure.h"

namespace localmamba::client {
namespace {

constexpr double kMostTicks = 10;

std::string Text(double value) { return absl::StrFormat("%g", value); }

// The least of 1, 2 and 5 times a power of ten that is not below `value`.
double RoundUp(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= value) return factor * power;
  }
  return 10 * power;
}

}  // namespace

Axis LinearAxis(std::string name, double high) {
  const double step = RoundUp(high > 0 ? high / kMostTicks : 1);
  Axis axis = {.name = std::move(name), .scale = Axis::Scale::kLinear};
  for (int i = 0; axis.ticks.empty() || axis.ticks.back().first < high; ++i) {
    axis.ticks.emplace_back(i * step, Text(i * step));
  }
  axis.high = axis.ticks.back().first;
  return axis;
}

Axis LogarithmicAxis(std::string name, double low, double high) {
  Axis axis = {.name = std::move(name), .scale = Axis::Scale::kLogarithmic};
  for (double power = std::pow(10, std::floor(std::log10(low)));; power *= 10) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double value = factor * power;
      if (value <= low) axis.ticks.clear();  // the last one that is not above remains
      axis.ticks.emplace_back(value, Text(value));
      if (value >= high && axis.ticks.size() > 1) {
        axis.low = axis.ticks.front().first;
        axis.high = value;
        return axis;
      }
    }
  }
}

}  // namespace localmamba::client
