// Colours of what is drawn: red, green, blue.
#ifndef LOCALMAMBA_CLIENT_OVERLAY_COLOR_H_
#define LOCALMAMBA_CLIENT_OVERLAY_COLOR_H_

#include <opencv2/core.hpp>

namespace localmamba::client {

using Color = cv::Vec3b;

inline cv::Scalar ToScalar(const Color& color) {
  return {color[0] * 1.0, color[1] * 1.0, color[2] * 1.0};
}

// For objects: bright, and far apart for ids that are near each other. The Python client has the
// same.
Color ColorOfClass(int id);

// Black or white, whichever can be read better on `background`.
Color ReadableOn(const Color& background);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_OVERLAY_COLOR_H_
