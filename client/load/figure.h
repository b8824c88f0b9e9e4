// Curves in panels, as a PNG file.
#ifndef LOCALMAMBA_CLIENT_LOAD_FIGURE_H_
#define LOCALMAMBA_CLIENT_LOAD_FIGURE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace localmamba::client {

struct Axis {
  enum class Scale { kLinear, kLogarithmic };

  std::string name;
  Scale scale = Scale::kLinear;
  double low = 0;  // positive if logarithmic
  double high = 1;
  std::vector<std::pair<double, std::string>> ticks;  // where, and what is written there
};

// From 0 to `high` or a little more, with round numbers as ticks.
Axis LinearAxis(std::string name, double high);
// From `low` or a little less to `high` or a little more, both positive.
Axis LogarithmicAxis(std::string name, double low, double high);

struct Curve {
  std::string name;  // "" for none in the legend
  int color = 0;     // curves of one number look alike; negative: grey
  bool dashed = false;
  bool marked = false;                            // a dot at each point
  std::vector<std::pair<double, double>> points;  // x and y; those off the axes are cut off
};

struct Panel {
  std::string title;
  Axis x;
  Axis y;
  std::vector<Curve> curves;
};

// Draws the panels, one or more, below each other. Errors: UNAVAILABLE if `path` cannot be written.
absl::Status WriteFigure(const std::vector<Panel>& panels, const std::string& path);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_LOAD_FIGURE_H_
