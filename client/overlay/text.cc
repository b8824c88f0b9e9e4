#include "client/overlay/text.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace localmamba::client {
namespace {

// Written so many times as large and then reduced, which smooths the letters.
constexpr int kOver = 4;
constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kCapitalHeight = 22;   // of the font at scale 1
constexpr double kCapitalShare = 0.53;  // of the strip's height; the rest is for tails and margins
constexpr double kBaselineShare = 0.76;
constexpr double kMarginShare = 0.25;

// One question mark for each character beyond ASCII, however many bytes of UTF-8 it has.
std::string ToAscii(const std::string& text) {
  std::string ascii;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte < 0xC0) continue;  // not the first of its character
    ascii += byte < 0x20 || byte >= 0x7F ? '?' : c;
  }
  return ascii;
}

}  // namespace

cv::Mat WriteText(const std::string& text, int height, const Color& letters,
                  const Color& background) {
  const std::string ascii = ToAscii(text);
  const int large = height * kOver;
  const double scale = kCapitalShare * large / kCapitalHeight;
  const int thickness = std::max(1, static_cast<int>(std::lround(large * 0.075)));
  int baseline = 0;
  const int written = cv::getTextSize(ascii, kFont, scale, thickness, &baseline).width;
  const int margin = static_cast<int>(std::lround(kMarginShare * large));
  const int width = (written + 2 * margin + kOver - 1) / kOver;
  cv::Mat strip(large, width * kOver, CV_8UC3, ToScalar(background));
  cv::putText(strip, ascii, {margin, static_cast<int>(std::lround(kBaselineShare * large))}, kFont,
              scale, ToScalar(letters), thickness, cv::LINE_AA);
  cv::Mat reduced;
  cv::resize(strip, reduced, {width, height}, 0, 0, cv::INTER_AREA);
  return reduced;
}

}  // namespace localmamba::client
