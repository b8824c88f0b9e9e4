// Objects, drawn on the picture they were found in.
#ifndef LOCALMAMBA_CLIENT_OVERLAY_DETECTION_OVERLAY_H_
#define LOCALMAMBA_CLIENT_OVERLAY_DETECTION_OVERLAY_H_

#include <opencv2/core.hpp>
#include <string>

#include "absl/types/span.h"
#include "client/overlay/mask.h"

namespace localmamba::client {

struct FoundObject {
  int class_id = 0;
  std::string class_name;
  float score = 0;  // 0 to 1
  cv::Rect2f box;   // in pixels of the picture; may reach beyond it
  Mask mask;        // empty if there is none
};

// `picture`, CV_8UC3, red first, with boxes, translucent masks in the colours of the classes,
// labels with name and score, and a legend that counts the objects of each class. `objects` are in order
// of falling score: the first are drawn last, on top. Where objects are so many that labels would
// hide each other, those of the lowest scores are left out. Small pictures come out enlarged.
cv::Mat DrawDetections(const cv::Mat& picture, absl::Span<const FoundObject> objects);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_OVERLAY_DETECTION_OVERLAY_H_
