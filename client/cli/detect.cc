#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/answer_text.h"
#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/draw.h"
#include "client/cli/image_request.h"
#include "client/cli/output_paths.h"
#include "client/cli/table.h"

namespace localmamba::client {
namespace {

v1::DetectRequest ToRequest(const DetectOptions& options, const std::string& path,
                            std::string bytes) {
  v1::DetectRequest request;
  *request.mutable_model() = ToModelReference(options.model, options.version);
  *request.mutable_image() = ToImage(std::move(bytes), options.raw);
  if (options.score_threshold.has_value()) request.set_score_threshold(*options.score_threshold);
  if (options.max_detections.has_value()) request.set_max_detections(*options.max_detections);
  for (const std::string& each : options.classes) {
    int32_t id = 0;
    if (absl::SimpleAtoi(each, &id)) {
      request.mutable_class_filter()->add_ids(id);
    } else {
      request.mutable_class_filter()->add_names(each);
    }
  }
  if (options.masks || !options.overlay.empty()) {
    request.set_mask_format(v1::MASK_FORMAT_COCO_RLE);
  }
  request.set_request_id(path);
  return request;
}

void PrintJson(const std::string& path, const v1::DetectResponse& response, bool masks,
               std::ostream& out) {
  nlohmann::ordered_json line = AnswerJson(path, response.model());
  line["image_height"] = response.image_height();
  line["image_width"] = response.image_width();
  line["detections"] = nlohmann::ordered_json::array();
  for (const v1::Detection& detection : response.detections()) {
    const v1::BoundingBox& box = detection.box();
    nlohmann::ordered_json object = {{"id", detection.class_id()},
                                     {"name", detection.class_name()},
                                     {"score", detection.score()},
                                     {"box",
                                      {{"x_min", box.x_min()},
                                       {"y_min", box.y_min()},
                                       {"x_max", box.x_max()},
                                       {"y_max", box.y_max()}}}};
    if (masks && detection.has_coco_mask()) {
      object["mask"] = {{"size", detection.coco_mask().size()},
                        {"counts", detection.coco_mask().counts()}};
    }
    line["detections"].push_back(std::move(object));
  }
  FinishJson(std::move(line), response.timings(), out);
}

void PrintForPeople(const std::string& path, const v1::DetectResponse& response,
                    std::ostream& out) {
  const int objects = response.detections_size();
  out << AnswerHeading(path, response.model(), response.timings()) << ": " << objects
      << (objects == 1 ? " object" : " objects") << " in " << response.image_width() << "x"
      << response.image_height() << " pixels\n";
  if (objects == 0) return;
  std::vector<std::vector<std::string>> rows = {
      {"  score", "id", "class", "left", "top", "right", "bottom"}};
  for (const v1::Detection& detection : response.detections()) {
    const v1::BoundingBox& box = detection.box();
    rows.push_back({absl::StrFormat("%7.4f", detection.score()), absl::StrCat(detection.class_id()),
                    detection.class_name()});
    for (const float edge : {box.x_min(), box.y_min(), box.x_max(), box.y_max()}) {
      rows.back().push_back(absl::StrFormat("%.1f", edge));
    }
  }
  PrintTable(rows, out);
}

}  // namespace

ExitCode RunDetect(const VisionClient& client, const DetectOptions& options,
                   const CommonOptions& common, std::ostream& out, std::ostream& err) {
  std::vector<std::string> overlays;
  if (!options.overlay.empty()) {
    absl::StatusOr<std::vector<std::string>> paths = OutputPaths(options.images, options.overlay);
    if (!paths.ok())
      return ReportFailure({"option", "--overlay"}, paths.status(), common.json, out, err);
    overlays = *std::move(paths);
  }
  ImageAsker<v1::DetectRequest, v1::DetectResponse, v1::DetectStreamResponse> asker(
      client,
      {&VisionClient::Detect, &VisionClient::DetectStream, &v1::DetectStreamResponse::detection},
      options, common, out, err);
  return asker.Ask([&](const std::string& path,
                       std::string bytes) { return ToRequest(options, path, std::move(bytes)); },
                   [&](size_t image, const v1::DetectResponse& response) {
                     const std::string& path = options.images[image];
                     if (common.json) {
                       PrintJson(path, response, options.masks, out);
                     } else {
                       PrintForPeople(path, response, out);
                     }
                     if (overlays.empty()) return ExitCode::kSuccess;
                     return ReportWritten(
                         {"image", path},
                         WriteOverlay(path, options.raw, response, overlays[image]), common.json,
                         out, err);
                   });
}

}  // namespace localmamba::client
