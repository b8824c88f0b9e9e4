#include "client/cli/draw.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/cli/read_file.h"
#include "client/overlay/detection_overlay.h"
#include "client/overlay/mask.h"
#include "client/overlay/segmentation_overlay.h"
#include "client/picture/read_picture.h"
#include "client/picture/write_png.h"

namespace localmamba::client {
namespace {

// A view of `bytes`.
absl::StatusOr<cv::Mat> ViewRaw(std::string& bytes, const RawSize& size) {
  cv::Mat picture(size.height, size.width, CV_8UC3, bytes.data());
  if (bytes.size() == picture.total() * picture.elemSize()) return picture;
  return absl::InvalidArgumentError(absl::StrCat("found ", bytes.size(), " bytes, wanted ",
                                                 picture.total() * picture.elemSize()));
}

// Calls draw(picture) with the picture in the file, whose size has to be `wanted`.
template <class Draw>
absl::Status DrawOn(const std::string& image, const std::optional<RawSize>& raw, cv::Size wanted,
                    Draw draw) {
  std::optional<std::string> bytes = ReadFile(image);
  if (!bytes.has_value()) return absl::InvalidArgumentError(kUnreadable);
  const absl::StatusOr<cv::Mat> picture =
      raw.has_value() ? ViewRaw(*bytes, *raw) : ReadPicture(*bytes);
  if (!picture.ok()) return picture.status();
  if (picture->size() != wanted) {
    return absl::InvalidArgumentError(
        absl::StrCat("the picture has ", picture->rows, "x", picture->cols,
                     " pixels, the answer is about one of ", wanted.height, "x", wanted.width));
  }
  return draw(*picture);
}

absl::StatusOr<FoundObject> ToObject(const v1::Detection& detection, cv::Size picture) {
  const v1::BoundingBox& box = detection.box();
  FoundObject object;
  object.class_id = detection.class_id();
  object.class_name = detection.class_name();
  object.score = detection.score();
  object.box = {cv::Point2f(box.x_min(), box.y_min()), cv::Point2f(box.x_max(), box.y_max())};
  if (detection.has_coco_mask()) {
    absl::StatusOr<Mask> mask = DecodeMask(detection.coco_mask().counts(), picture);
    if (!mask.ok()) return mask.status();
    object.mask = *std::move(mask);
  }
  return object;
}

FoundClass ToClass(const v1::SegmentedClass& segmented) {
  const v1::Color& color = segmented.color();
  return {segmented.id(), segmented.name(),
          Color(static_cast<uint8_t>(color.red()), static_cast<uint8_t>(color.green()),
                static_cast<uint8_t>(color.blue())),
          segmented.area()};
}

}  // namespace

absl::Status WriteOverlay(const std::string& image, const std::optional<RawSize>& raw,
                          const v1::DetectResponse& response, const std::string& path) {
  const cv::Size size(response.image_width(), response.image_height());
  return DrawOn(image, raw, size, [&](const cv::Mat& picture) -> absl::Status {
    std::vector<FoundObject> objects;
    for (const v1::Detection& detection : response.detections()) {
      absl::StatusOr<FoundObject> object = ToObject(detection, size);
      if (!object.ok()) return object.status();
      objects.push_back(*std::move(object));
    }
    return WritePng(DrawDetections(picture, objects), path);
  });
}

absl::Status WriteOverlay(const std::string& image, const std::optional<RawSize>& raw,
                          const v1::SegmentResponse& response, const std::string& path) {
  const cv::Size size(response.image_width(), response.image_height());
  return DrawOn(image, raw, size, [&](const cv::Mat& picture) -> absl::Status {
    const absl::StatusOr<cv::Mat> labels = ReadLabelMap(response.label_map_png());
    if (!labels.ok()) return labels.status();
    if (labels->size() != size) {
      return absl::InvalidArgumentError("the label map has another size than the picture");
    }
    std::vector<FoundClass> classes;
    for (const v1::SegmentedClass& each : response.classes()) classes.push_back(ToClass(each));
    return WritePng(DrawSegmentation(picture, *labels, std::move(classes)), path);
  });
}

}  // namespace localmamba::client
