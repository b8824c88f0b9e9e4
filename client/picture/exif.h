// How a photo says that its stored pixels must be turned. The server turns photos upright before it
// looks at them, so whoever draws on one has to do the same.
#ifndef LOCALMAMBA_CLIENT_PICTURE_EXIF_H_
#define LOCALMAMBA_CLIENT_PICTURE_EXIF_H_

#include <opencv2/core.hpp>

#include "absl/strings/string_view.h"

namespace localmamba::client {

// The Exif block of a JPEG or WebP file, "" if there is none. Any bytes are fine.
absl::string_view ExifOfJpeg(absl::string_view file);
absl::string_view ExifOfWebp(absl::string_view file);

// 1 to 8 as numbered in Exif 2.3, tag 0x0112; 1, upright, if the block does not tell.
int OrientationOf(absl::string_view exif);

// `stored` as it is to be seen.
cv::Mat TurnUpright(const cv::Mat& stored, int orientation);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_PICTURE_EXIF_H_
