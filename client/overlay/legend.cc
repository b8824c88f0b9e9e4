#include "client/overlay/legend.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/overlay/text.h"

namespace localmamba::client {
namespace {

constexpr size_t kMostEntries = 36;
constexpr size_t kLongestName = 28;
const Color kPaper(255, 255, 255);
const Color kInk(30, 30, 30);

// A square of the colour and the text beside it.
cv::Mat DrawEntry(const LegendEntry& entry, int text_height) {
  std::string name = entry.name;
  if (name.size() > kLongestName) name = absl::StrCat(name.substr(0, kLongestName - 3), "...");
  if (!entry.detail.empty()) absl::StrAppend(&name, "  ", entry.detail);
  const cv::Mat text = WriteText(name, text_height, kInk, kPaper);
  const int side = text_height * 2 / 3;
  cv::Mat line(text_height, text_height + text.cols, CV_8UC3, ToScalar(kPaper));
  line(cv::Rect(text_height - side, (text_height - side) / 2, side, side)) = ToScalar(entry.color);
  text.copyTo(line(cv::Rect({text_height, 0}, text.size())));
  return line;
}

std::vector<cv::Mat> DrawLines(const std::vector<LegendEntry>& entries, const std::string& empty,
                               int text_height) {
  if (entries.empty()) return {WriteText(empty, text_height, kInk, kPaper)};
  std::vector<cv::Mat> lines;
  const size_t drawn = entries.size() <= kMostEntries ? entries.size() : kMostEntries - 1;
  for (size_t i = 0; i < drawn; ++i) lines.push_back(DrawEntry(entries[i], text_height));
  if (drawn < entries.size()) {
    lines.push_back(DrawEntry({kPaper, absl::StrCat("and ", entries.size() - drawn, " more"), ""},
                              text_height));
  }
  return lines;
}

}  // namespace

cv::Mat AppendLegend(const cv::Mat& picture, std::vector<LegendEntry> entries,
                     const std::string& empty, int text_height) {
  const std::vector<cv::Mat> lines = DrawLines(entries, empty, text_height);
  const int count = static_cast<int>(lines.size());
  const int margin = text_height / 2;
  int widest = 0;
  for (const cv::Mat& line : lines) widest = std::max(widest, line.cols + margin);
  // Lines fill columns from the top: as many columns as the width allows below the picture, as
  // many lines as the height allows beside it.
  const bool below = picture.cols > picture.rows;
  int rows = std::max(1, (picture.rows - margin) / text_height);
  if (below) {
    const int fitting = std::max(1, (picture.cols - margin) / widest);
    rows = (count + fitting - 1) / fitting;
  }
  const int columns = (count + rows - 1) / rows;
  rows = std::min(rows, count);
  const cv::Size legend(columns * widest + margin, rows * text_height + margin);
  const cv::Size sheet =
      below ? cv::Size(std::max(picture.cols, legend.width), picture.rows + legend.height)
            : cv::Size(picture.cols + legend.width, std::max(picture.rows, legend.height));
  cv::Mat whole(sheet, CV_8UC3, ToScalar(kPaper));
  picture.copyTo(whole(cv::Rect({0, 0}, picture.size())));
  const cv::Point corner = below ? cv::Point(margin / 2, picture.rows + margin / 2)
                                 : cv::Point(picture.cols + margin / 2, margin / 2);
  for (int i = 0; i < count; ++i) {
    const cv::Mat& line = lines[static_cast<size_t>(i)];
    const cv::Point place = corner + cv::Point(i / rows * widest, i % rows * text_height);
    line.copyTo(whole(cv::Rect(place, line.size())));
  }
  return whole;
}

}  // namespace localmamba::client
