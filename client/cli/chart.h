// Curves drawn with characters.
#ifndef LOCALMAMBA_CLIENT_CLI_CHART_H_
#define LOCALMAMBA_CLIENT_CLI_CHART_H_

#include <string>
#include <utility>
#include <vector>

namespace localmamba::client {

struct ChartSeries {
  char mark;
  std::string name;
  std::vector<std::pair<double, double>> points;  // x and y
};

// 72 columns wide, 12 rows high, axes scaled to the finite points; later series cover earlier ones.
// "" if there are fewer than two.
std::string DrawChart(const std::vector<ChartSeries>& series, const std::string& x_name);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_CHART_H_
