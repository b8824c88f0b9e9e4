// Picture files as pixels, to draw on. For pictures that the server has accepted: there are no
// limits on their size here, and little is said about damage.
#ifndef LOCALMAMBA_CLIENT_PICTURE_READ_PICTURE_H_
#define LOCALMAMBA_CLIENT_PICTURE_READ_PICTURE_H_

#include <opencv2/core.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace localmamba::client {

// A JPEG, PNG or WebP file: 8 bits each of red, green and blue (CV_8UC3), upright, transparency
// ignored. Errors: INVALID_ARGUMENT if it is none of these or damaged.
absl::StatusOr<cv::Mat> ReadPicture(absl::string_view file);

// A gray PNG of 8 or 16 bits whose values are the indices of classes, as CV_16UC1. Errors:
// INVALID_ARGUMENT if it is something else.
absl::StatusOr<cv::Mat> ReadLabelMap(absl::string_view file);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_PICTURE_READ_PICTURE_H_
