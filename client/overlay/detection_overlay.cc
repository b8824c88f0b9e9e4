#include "client/overlay/detection_overlay.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/overlay/color.h"
#include "client/overlay/label_layout.h"
#include "client/overlay/legend.h"
#include "client/overlay/sheet.h"
#include "client/overlay/text.h"

namespace localmamba::client {
namespace {

constexpr double kMaskOpacity = 0.45;
const Color kOutline(20, 20, 20);

std::string NameOf(const FoundObject& object) {
  return object.class_name.empty() ? absl::StrCat("class ", object.class_id) : object.class_name;
}

// In pixels of the sheet, cut off at its edges, at least one pixel.
cv::Rect BoxOn(const Sheet& sheet, const cv::Rect2f& box) {
  const auto place = [&](float value, int end) {
    return static_cast<int>(
        std::lround(std::clamp(double{value} * sheet.enlargement, 0.0, static_cast<double>(end))));
  };
  const int left = place(box.x, sheet.pixels.cols - 1);
  const int top = place(box.y, sheet.pixels.rows - 1);
  return {cv::Point(left, top),
          cv::Point(std::max(left + 1, place(box.x + box.width, sheet.pixels.cols)),
                    std::max(top + 1, place(box.y + box.height, sheet.pixels.rows)))};
}

void DrawMask(const Mask& mask, const Color& color, Sheet& sheet) {
  if (mask.where.empty()) return;
  cv::Mat large;
  cv::resize(mask.pixels, large, {}, sheet.enlargement, sheet.enlargement, cv::INTER_NEAREST);
  const cv::Point corner = mask.where.tl() * sheet.enlargement;
  Tint(sheet.pixels(cv::Rect(corner, large.size())), large, color, kMaskOpacity);
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(large, contours, cv::RETR_CCOMP, cv::CHAIN_APPROX_SIMPLE, corner);
  cv::drawContours(sheet.pixels, contours, -1, ToScalar(color), std::max(1, sheet.line_width / 2),
                   cv::LINE_AA);
}

// A dark line around the coloured one makes it stand out on any background.
void DrawBox(const cv::Rect& box, const Color& color, Sheet& sheet) {
  const int width = sheet.line_width;
  const cv::Rect middle(box.x + width / 2, box.y + width / 2, std::max(1, box.width - width),
                        std::max(1, box.height - width));
  cv::rectangle(sheet.pixels, middle, ToScalar(kOutline), width + 2);
  cv::rectangle(sheet.pixels, middle, ToScalar(color), width);
}

void DrawLabels(absl::Span<const FoundObject> objects, const std::vector<cv::Rect>& boxes,
                Sheet& sheet) {
  std::vector<cv::Mat> labels;
  std::vector<LabelWish> wishes;
  for (size_t i = 0; i < objects.size(); ++i) {
    const Color color = ColorOfClass(objects[i].class_id);
    labels.push_back(WriteText(absl::StrFormat("%s %.2f", NameOf(objects[i]), objects[i].score),
                               sheet.text_height, ReadableOn(color), color));
    wishes.push_back({boxes[i], labels[i].size()});
  }
  const std::vector<std::optional<cv::Rect>> places = PlaceLabels(wishes, sheet.pixels.size());
  for (size_t i = objects.size(); i-- > 0;) {
    if (places[i].has_value()) labels[i].copyTo(sheet.pixels(*places[i]));
  }
}

// The classes that occur, the most frequent first.
std::vector<LegendEntry> CountClasses(absl::Span<const FoundObject> objects) {
  std::map<int, std::pair<int, std::string>> classes;
  for (const FoundObject& object : objects) {
    auto& [count, name] = classes[object.class_id];
    ++count;
    name = NameOf(object);
  }
  std::vector<std::pair<int, int>> order;
  for (const auto& [id, counted] : classes) order.emplace_back(-counted.first, id);
  std::sort(order.begin(), order.end());
  std::vector<LegendEntry> entries;
  for (const auto& [count, id] : order) {
    entries.push_back({ColorOfClass(id), classes[id].second, absl::StrCat(-count)});
  }
  return entries;
}

}  // namespace

cv::Mat DrawDetections(const cv::Mat& picture, absl::Span<const FoundObject> objects) {
  Sheet sheet = MakeSheet(picture);
  std::vector<cv::Rect> boxes;
  for (const FoundObject& object : objects) boxes.push_back(BoxOn(sheet, object.box));
  for (size_t i = objects.size(); i-- > 0;) {
    DrawMask(objects[i].mask, ColorOfClass(objects[i].class_id), sheet);
  }
  for (size_t i = objects.size(); i-- > 0;) {
    DrawBox(boxes[i], ColorOfClass(objects[i].class_id), sheet);
  }
  DrawLabels(objects, boxes, sheet);
  return AppendLegend(sheet.pixels, CountClasses(objects), "no objects", sheet.text_height);
}

}  // namespace localmamba::client
