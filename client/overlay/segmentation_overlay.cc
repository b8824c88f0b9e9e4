#include "client/overlay/segmentation_overlay.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/overlay/label_layout.h"
#include "client/overlay/legend.h"
#include "client/overlay/sheet.h"
#include "client/overlay/text.h"

namespace localmamba::client {
namespace {

constexpr double kOpacity = 0.55;
constexpr double kBorderOpacity = 0.8;
const Color kBorder(255, 255, 255);
// A name is written into a region that holds a circle of so many lines of text across.
constexpr double kRoomForName = 2;

std::string NameOf(const FoundClass& found) {
  return found.name.empty() ? absl::StrCat("class ", found.id) : found.name;
}

// Where, in pixels of the sheet, the pixel is of another class than one beside it.
cv::Mat FindBorders(const cv::Mat& labels, int width) {
  cv::Mat borders = cv::Mat::zeros(labels.size(), CV_8UC1);
  for (int y = 0; y < labels.rows; ++y) {
    for (int x = 0; x < labels.cols; ++x) {
      const auto here = labels.at<uint16_t>(y, x);
      if ((x > 0 && labels.at<uint16_t>(y, x - 1) != here) ||
          (y > 0 && labels.at<uint16_t>(y - 1, x) != here)) {
        borders.at<uint8_t>(y, x) = 255;
      }
    }
  }
  if (width > 1) cv::dilate(borders, borders, cv::Mat::ones(width, width, CV_8UC1));
  return borders;
}

// The point of the region that is farthest from its edge, if a name has room around it.
std::optional<cv::Point> CenterOf(const cv::Mat& region, int text_height) {
  cv::Mat framed;  // the edge of the picture is one of the region too
  cv::copyMakeBorder(region, framed, 1, 1, 1, 1, cv::BORDER_CONSTANT, 0);
  cv::Mat distance;
  cv::distanceTransform(framed, distance, cv::DIST_L2, 3);
  double farthest = 0;
  cv::Point center;
  cv::minMaxLoc(distance, nullptr, &farthest, nullptr, &center);
  if (2 * farthest < kRoomForName * text_height) return std::nullopt;
  return center - cv::Point(1, 1);
}

// The name of each class in the largest of its regions.
void DrawNames(const std::vector<FoundClass>& classes, const std::vector<cv::Mat>& regions,
               Sheet& sheet) {
  std::vector<cv::Mat> names;
  std::vector<LabelWish> wishes;
  for (size_t i = 0; i < classes.size(); ++i) {
    const std::optional<cv::Point> center = CenterOf(regions[i], sheet.text_height);
    if (!center.has_value()) continue;
    const Color color = classes[i].color;
    names.push_back(WriteText(NameOf(classes[i]), sheet.text_height, ReadableOn(color), color));
    const cv::Size size = names.back().size();
    wishes.push_back({{*center - cv::Point(size.width / 2, size.height / 2), size}, size});
  }
  const std::vector<std::optional<cv::Rect>> places = PlaceLabels(wishes, sheet.pixels.size());
  for (size_t i = 0; i < names.size(); ++i) {
    if (places[i].has_value()) names[i].copyTo(sheet.pixels(*places[i]));
  }
}

}  // namespace

cv::Mat DrawSegmentation(const cv::Mat& picture, const cv::Mat& labels,
                         std::vector<FoundClass> classes) {
  std::sort(classes.begin(), classes.end(), [](const FoundClass& a, const FoundClass& b) {
    return a.area != b.area ? a.area > b.area : a.id < b.id;
  });
  Sheet sheet = MakeSheet(picture);
  cv::Mat large;
  cv::resize(labels, large, sheet.pixels.size(), 0, 0, cv::INTER_NEAREST);
  std::vector<cv::Mat> regions;
  std::vector<LegendEntry> legend;
  for (const FoundClass& found : classes) {
    regions.emplace_back(large == found.id);
    Tint(sheet.pixels, regions.back(), found.color, kOpacity);
    const double share =
        100.0 * static_cast<double>(found.area) / static_cast<double>(labels.total());
    legend.push_back(
        {found.color, NameOf(found), share < 0.05 ? "<0.1%" : absl::StrFormat("%.1f%%", share)});
  }
  Tint(sheet.pixels, FindBorders(large, sheet.line_width / 2), kBorder, kBorderOpacity);
  DrawNames(classes, regions, sheet);
  return AppendLegend(sheet.pixels, std::move(legend), "no classes", sheet.text_height);
}

}  // namespace localmamba::client
