#include "client/load/figure.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "client/picture/write_png.h"

namespace localmamba::client {
namespace {

// Lengths are pixels of the file; everything is drawn kOver times as large and then reduced, which
// smooths letters and lines.
constexpr int kOver = 3;
constexpr int kWidth = 1100;
constexpr int kPanelHeight = 460;
constexpr int kLeft = 90;
constexpr int kRight = 210;  // with the legend
constexpr int kTop = 50;
constexpr int kBottom = 64;
constexpr int kLegendLine = 22;
constexpr double kDash = 7;

const cv::Scalar kWhite(255, 255, 255);
const cv::Scalar kBlack(40, 40, 40);
const cv::Scalar kGrid(225, 225, 225);
const cv::Scalar kGrey(150, 150, 150);

// Of Okabe and Ito, which people with any colour vision can tell apart. Red, green, blue.
cv::Scalar ColorOf(int number) {
  static const std::array<cv::Scalar, 7> kColors = {
      cv::Scalar(0, 114, 178),   cv::Scalar(213, 94, 0),  cv::Scalar(0, 158, 115),
      cv::Scalar(204, 121, 167), cv::Scalar(230, 159, 0), cv::Scalar(86, 180, 233),
      cv::Scalar(110, 80, 30)};
  return number < 0 ? kGrey : kColors[static_cast<size_t>(number) % kColors.size()];
}

enum class Align { kLeft, kCenter, kRight };

class PanelPainter {
 public:
  PanelPainter(const Panel& panel, int top, cv::Mat& image)
      : panel_(panel), top_(top), image_(image) {}

  void Paint() {
    PaintFrame();
    for (const Curve& curve : panel_.curves) PaintCurve(curve);
    PaintLegend();
  }

 private:
  // 0 to 1 within the axis.
  static double Fraction(const Axis& axis, double value) {
    if (axis.scale == Axis::Scale::kLinear) return (value - axis.low) / (axis.high - axis.low);
    return std::log(std::max(value, 1e-300) / axis.low) / std::log(axis.high / axis.low);
  }
  [[nodiscard]] double X(double value) const {
    return kLeft + Fraction(panel_.x, value) * (kWidth - kLeft - kRight);
  }
  [[nodiscard]] double Y(double value) const {
    const double height = kPanelHeight - kTop - kBottom;
    return top_ + kTop + (1 - Fraction(panel_.y, value)) * height;
  }
  [[nodiscard]] cv::Rect Inside() const {
    return {kLeft * kOver, (top_ + kTop) * kOver, (kWidth - kLeft - kRight) * kOver,
            (kPanelHeight - kTop - kBottom) * kOver};
  }

  static cv::Point At(double x, double y) {
    return {static_cast<int>(std::lround(x * kOver)), static_cast<int>(std::lround(y * kOver))};
  }

  void Line(double x0, double y0, double x1, double y1, const cv::Scalar& color, double width) {
    cv::line(image_, At(x0, y0), At(x1, y1), color, static_cast<int>(std::lround(width * kOver)),
             cv::LINE_AA);
  }

  void Text(const std::string& text, double x, double y, Align align, double size = 0.45) {
    const int thickness = kOver;
    int baseline = 0;
    const cv::Size extent =
        cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, size * kOver, thickness, &baseline);
    const double width = static_cast<double>(extent.width) / kOver;
    if (align == Align::kCenter) x -= width / 2;
    if (align == Align::kRight) x -= width;
    cv::putText(image_, text, At(x, y), cv::FONT_HERSHEY_SIMPLEX, size * kOver, kBlack, thickness,
                cv::LINE_AA);
  }

  void PaintFrame() {
    const double bottom = top_ + kPanelHeight - kBottom;
    for (const auto& [value, text] : panel_.x.ticks) {
      Line(X(value), top_ + kTop, X(value), bottom, kGrid, 1);
      Text(text, X(value), bottom + 20, Align::kCenter);
    }
    for (const auto& [value, text] : panel_.y.ticks) {
      Line(kLeft, Y(value), kWidth - kRight, Y(value), kGrid, 1);
      Text(text, kLeft - 8, Y(value) + 5, Align::kRight);
    }
    cv::rectangle(image_, Inside(), kBlack, kOver);
    Text(panel_.title, kLeft, top_ + kTop - 14, Align::kLeft, 0.55);
    Text(panel_.x.name, (kLeft + kWidth - kRight) / 2.0, bottom + 44, Align::kCenter);
    PaintSideways(panel_.y.name);
  }

  // Along the vertical axis, to be read from below.
  void PaintSideways(const std::string& text) {
    cv::Mat strip((kPanelHeight - kTop - kBottom) * kOver, 24 * kOver, CV_8UC3, kWhite);
    cv::Mat lying;
    cv::rotate(strip, lying, cv::ROTATE_90_CLOCKWISE);
    int baseline = 0;
    const cv::Size extent =
        cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, 0.45 * kOver, kOver, &baseline);
    cv::putText(lying, text, {(lying.cols - extent.width) / 2, 17 * kOver},
                cv::FONT_HERSHEY_SIMPLEX, 0.45 * kOver, kBlack, kOver, cv::LINE_AA);
    cv::rotate(lying, strip, cv::ROTATE_90_COUNTERCLOCKWISE);
    strip.copyTo(image_(cv::Rect(4 * kOver, Inside().y, strip.cols, strip.rows)));
  }

  void PaintCurve(const Curve& curve) {
    const cv::Scalar color = ColorOf(curve.color);
    cv::Mat inside = image_(Inside());
    const cv::Point origin = Inside().tl();
    double walked = 0;
    for (size_t i = 0; i < curve.points.size(); ++i) {
      const cv::Point2d here(X(curve.points[i].first), Y(curve.points[i].second));
      if (curve.marked) {
        cv::circle(inside, At(here.x, here.y) - origin, 4 * kOver, color, cv::FILLED, cv::LINE_AA);
      }
      if (i == 0) continue;
      const cv::Point2d last(X(curve.points[i - 1].first), Y(curve.points[i - 1].second));
      walked = Segment(inside, origin, last, here, curve.dashed ? walked : -1, color);
    }
  }

  // A straight piece, in dashes that go on from `walked` unless that is negative; returns how far
  // the curve is drawn then.
  static double Segment(cv::Mat& image, const cv::Point& origin, const cv::Point2d& from,
                        const cv::Point2d& to, double walked, const cv::Scalar& color) {
    const int width = 2 * kOver;
    if (walked < 0) {
      cv::line(image, At(from.x, from.y) - origin, At(to.x, to.y) - origin, color, width,
               cv::LINE_AA);
      return walked;
    }
    const double length = cv::norm(to - from);
    for (double done = 0; done < length;) {
      const double phase = std::fmod(walked + done, 2 * kDash);
      const double piece =
          std::min(length - done, (phase < kDash ? kDash : 2 * kDash) - phase + 1e-9);
      if (phase < kDash) {
        const cv::Point2d start = from + (to - from) * (done / length);
        const cv::Point2d end = from + (to - from) * ((done + piece) / length);
        cv::line(image, At(start.x, start.y) - origin, At(end.x, end.y) - origin, color, width,
                 cv::LINE_AA);
      }
      done += piece;
    }
    return walked + length;
  }

  void PaintLegend() {
    constexpr double kX = kWidth - kRight + 12;
    double y = top_ + kTop + 12;
    for (const Curve& curve : panel_.curves) {
      if (curve.name.empty()) continue;
      Segment(image_, {0, 0}, {kX, y - 5}, {kX + 30, y - 5}, curve.dashed ? 0 : -1,
              ColorOf(curve.color));
      Text(curve.name, kX + 38, y, Align::kLeft, 0.4);
      y += kLegendLine;
    }
  }

  const Panel& panel_;
  const int top_;
  cv::Mat& image_;
};

}  // namespace

absl::Status WriteFigure(const std::vector<Panel>& panels, const std::string& path) {
  const int height = kPanelHeight * static_cast<int>(panels.size());
  cv::Mat large(height * kOver, kWidth * kOver, CV_8UC3, kWhite);
  for (size_t i = 0; i < panels.size(); ++i) {
    PanelPainter(panels[i], kPanelHeight * static_cast<int>(i), large).Paint();
  }
  cv::Mat image;
  cv::resize(large, image, cv::Size(kWidth, height), 0, 0, cv::INTER_AREA);
  return WritePng(image, path);
}

}  // namespace localmamba::client
