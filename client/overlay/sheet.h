// What is drawn on: the picture, large enough that writing on it can be read.
#ifndef LOCALMAMBA_CLIENT_OVERLAY_SHEET_H_
#define LOCALMAMBA_CLIENT_OVERLAY_SHEET_H_

#include <opencv2/core.hpp>

#include "client/overlay/color.h"

namespace localmamba::client {

struct Sheet {
  cv::Mat pixels;       // CV_8UC3
  int enlargement = 1;  // pixels of the sheet for one of the picture, along each axis
  int text_height = 0;  // of a line of writing, which grows with the picture
  int line_width = 0;   // of boxes; contours are half as wide
};

// A copy of `picture`, CV_8UC3, enlarged to about 500 x 500 pixels if it is much smaller.
Sheet MakeSheet(const cv::Mat& picture);

// Mixes `color` into the pixels of the sheet where `mask`, CV_8UC1, is set, `opacity` 0 to 1.
void Tint(cv::Mat sheet, const cv::Mat& mask, const Color& color, double opacity);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_OVERLAY_SHEET_H_
