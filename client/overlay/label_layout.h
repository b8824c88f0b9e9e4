// Where labels go beside the boxes that they belong to.
#ifndef LOCALMAMBA_CLIENT_OVERLAY_LABEL_LAYOUT_H_
#define LOCALMAMBA_CLIENT_OVERLAY_LABEL_LAYOUT_H_

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "absl/types/span.h"

namespace localmamba::client {

struct LabelWish {
  cv::Rect box;    // in the picture
  cv::Size label;  // how much room the label takes
};

// A place for each label, the most important of which come first: at a corner of its box, within
// the picture, off the labels before it, and covering as little as can be of boxes other than its
// own. Nothing for a label that finds no such place.
std::vector<std::optional<cv::Rect>> PlaceLabels(absl::Span<const LabelWish> wishes,
                                                 cv::Size picture);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_OVERLAY_LABEL_LAYOUT_H_
