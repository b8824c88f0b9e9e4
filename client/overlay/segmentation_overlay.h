// The class of each pixel, drawn on the picture.
#ifndef LOCALMAMBA_CLIENT_OVERLAY_SEGMENTATION_OVERLAY_H_
#define LOCALMAMBA_CLIENT_OVERLAY_SEGMENTATION_OVERLAY_H_

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "client/overlay/color.h"

namespace localmamba::client {

struct FoundClass {
  int id = 0;
  std::string name;
  Color color;
  int64_t area = 0;  // pixels
};

// `picture`, CV_8UC3, red first, tinted by the colours of `classes` where `labels`, CV_16UC1 of the
// same size, has their ids; pixels of other ids stay as they are. Borders are drawn, regions large
// enough bear the name of their class, and a legend has names and shares of the area, the largest
// first. Small pictures come out enlarged.
cv::Mat DrawSegmentation(const cv::Mat& picture, const cv::Mat& labels,
                         std::vector<FoundClass> classes);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_OVERLAY_SEGMENTATION_OVERLAY_H_
