#ifndef LOCALMAMBA_CLIENT_PICTURE_WRITE_PNG_H_
#define LOCALMAMBA_CLIENT_PICTURE_WRITE_PNG_H_

#include <opencv2/core.hpp>
#include <string>

#include "absl/status/status.h"

namespace localmamba::client {

// `rgb` is CV_8UC3, red first. Errors: UNAVAILABLE if `path` cannot be written.
absl::Status WritePng(const cv::Mat& rgb, const std::string& path);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_PICTURE_WRITE_PNG_H_
