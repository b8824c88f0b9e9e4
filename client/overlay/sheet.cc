#include "client/overlay/sheet.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace localmamba::client {
namespace {

// Sizes below are geometric means of height and width.
constexpr double kWanted = 500;
constexpr int kLongestEnlarged = 2400;  // no side grows beyond this
constexpr double kTextShare = 0.031;
constexpr int kLeastText = 17;
constexpr int kMostText = 96;

}  // namespace

Sheet MakeSheet(const cv::Mat& picture) {
  Sheet sheet;
  const double size = std::sqrt(static_cast<double>(picture.total()));
  const int longest = std::max(picture.rows, picture.cols);
  sheet.enlargement = std::clamp(static_cast<int>(std::lround(kWanted / size)), 1,
                                 std::max(1, kLongestEnlarged / longest));
  cv::resize(picture, sheet.pixels, {}, sheet.enlargement, sheet.enlargement, cv::INTER_CUBIC);
  const double drawn = size * sheet.enlargement;
  sheet.text_height =
      std::clamp(static_cast<int>(std::lround(kTextShare * drawn)), kLeastText, kMostText);
  sheet.line_width = std::max(2, sheet.text_height / 9);
  return sheet;
}

void Tint(cv::Mat sheet, const cv::Mat& mask, const Color& color, double opacity) {
  for (int y = 0; y < sheet.rows; ++y) {
    auto* pixels = sheet.ptr<cv::Vec3b>(y);
    const auto* set = mask.ptr<uint8_t>(y);
    for (int x = 0; x < sheet.cols; ++x) {
      if (set[x] == 0) continue;
      for (int c = 0; c < 3; ++c) {
        pixels[x][c] =
            static_cast<uint8_t>(std::lround(pixels[x][c] * (1 - opacity) + color[c] * opacity));
      }
    }
  }
}

}  // namespace localmamba::client
