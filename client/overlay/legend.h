// What the colours of an overlay mean.
#ifndef LOCALMAMBA_CLIENT_OVERLAY_LEGEND_H_
#define LOCALMAMBA_CLIENT_OVERLAY_LEGEND_H_

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "client/overlay/color.h"

namespace localmamba::client {

struct LegendEntry {
  Color color;
  std::string name;
  std::string detail;  // such as a share of the area
};

// `picture` with a legend beside it, or below if it is wider than high. Entries beyond a few dozen
// are counted in a last line. Without entries the legend is `empty`, a text.
cv::Mat AppendLegend(const cv::Mat& picture, std::vector<LegendEntry> entries,
                     const std::string& empty, int text_height);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_OVERLAY_LEGEND_H_
