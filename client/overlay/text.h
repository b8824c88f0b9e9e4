// Writing.
#ifndef LOCALMAMBA_CLIENT_OVERLAY_TEXT_H_
#define LOCALMAMBA_CLIENT_OVERLAY_TEXT_H_

#include <opencv2/core.hpp>
#include <string>

#include "client/overlay/color.h"

namespace localmamba::client {

// A strip `height` pixels high and as wide as the text needs: smooth letters on `background`. The
// built-in letters are those of ASCII; any other character is a question mark.
cv::Mat WriteText(const std::string& text, int height, const Color& letters,
                  const Color& background);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_OVERLAY_TEXT_H_
