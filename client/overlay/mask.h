// The pixels of an object.
#ifndef LOCALMAMBA_CLIENT_OVERLAY_MASK_H_
#define LOCALMAMBA_CLIENT_OVERLAY_MASK_H_

#include <opencv2/core.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace localmamba::client {

// A mask without the empty rows and columns around it.
struct Mask {
  cv::Rect where;  // in the picture; empty if no pixel is set
  cv::Mat pixels;  // CV_8UC1 of that size: 255 where set, 0 elsewhere
};

// Of COCO's compressed run lengths for a picture of this size. Errors: INVALID_ARGUMENT if the text
// is damaged or of another size.
absl::StatusOr<Mask> DecodeMask(absl::string_view counts, cv::Size picture);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_OVERLAY_MASK_H_
