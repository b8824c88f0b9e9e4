#include <algorithm>
#include <fstream>
#include <tuple>
#include <utility>

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

v1::SegmentRequest ToRequest(const SegmentOptions& options, const std::string& path,
                             std::string bytes) {
  v1::SegmentRequest request;
  *request.mutable_model() = ToModelReference(options.model, options.version);
  *request.mutable_image() = ToImage(std::move(bytes), options.raw);
  request.set_confidence(options.confidence);
  request.set_request_id(path);
  return request;
}

double ShareOf(const v1::SegmentedClass& segmented, const v1::SegmentResponse& response) {
  return static_cast<double>(segmented.area()) /
         (static_cast<double>(response.image_height()) * response.image_width());
}

void PrintJson(const std::string& path, const v1::SegmentResponse& response, std::ostream& out) {
  nlohmann::ordered_json line = AnswerJson(path, response.model());
  line["image_height"] = response.image_height();
  line["image_width"] = response.image_width();
  line["classes"] = nlohmann::ordered_json::array();
  for (const v1::SegmentedClass& each : response.classes()) {
    const v1::Color& color = each.color();
    nlohmann::ordered_json segmented = {{"id", each.id()},
                                        {"name", each.name()},
                                        {"area", each.area()},
                                        {"share", ShareOf(each, response)},
                                        {"color", {color.red(), color.green(), color.blue()}}};
    if (each.has_confidence()) segmented["confidence"] = each.confidence();
    line["classes"].push_back(std::move(segmented));
  }
  FinishJson(std::move(line), response.timings(), out);
}

// The largest class first.
void PrintForPeople(const std::string& path, const v1::SegmentResponse& response,
                    std::ostream& out) {
  out << AnswerHeading(path, response.model(), response.timings()) << ": " << response.image_width()
      << "x" << response.image_height() << " pixels\n";
  std::vector<const v1::SegmentedClass*> order;
  for (const v1::SegmentedClass& each : response.classes()) order.push_back(&each);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->area() > b->area(); });
  const bool confidence = !order.empty() && order.front()->has_confidence();
  std::vector<std::vector<std::string>> rows = {{"  share", "id", "class"}};
  if (confidence) rows[0].insert(rows[0].begin() + 1, "confidence");
  for (const v1::SegmentedClass* each : order) {
    std::vector<std::string> row = {absl::StrFormat("%6.2f%%", 100 * ShareOf(*each, response)),
                                    absl::StrCat(each->id()), each->name()};
    if (confidence) row.insert(row.begin() + 1, absl::StrFormat("%.4f", each->confidence()));
    rows.push_back(std::move(row));
  }
  PrintTable(rows, out);
}

absl::Status WriteFile(const std::string& bytes, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (!file.flush()) return absl::UnavailableError(absl::StrCat(path, " cannot be written"));
  return absl::OkStatus();
}

}  // namespace

ExitCode RunSegment(const VisionClient& client, const SegmentOptions& options,
                    const CommonOptions& common, std::ostream& out, std::ostream& err) {
  std::vector<std::string> overlays;
  std::vector<std::string> label_maps;
  for (const auto& [option, place, paths] :
       {std::tuple("--overlay", &options.overlay, &overlays),
        std::tuple("--label-map", &options.label_map, &label_maps)}) {
    if (place->empty()) continue;
    absl::StatusOr<std::vector<std::string>> planned = OutputPaths(options.images, *place);
    if (planned.ok() && *planned == overlays) {
      planned = absl::InvalidArgumentError("found the place of --overlay, wanted another");
    }
    if (!planned.ok()) {
      return ReportFailure({"option", option}, planned.status(), common.json, out, err);
    }
    *paths = *std::move(planned);
  }
  ImageAsker<v1::SegmentRequest, v1::SegmentResponse, v1::SegmentStreamResponse> asker(
      client,
      {&VisionClient::Segment, &VisionClient::SegmentStream,
       &v1::SegmentStreamResponse::segmentation},
      options, common, out, err);
  return asker.Ask([&](const std::string& path,
                       std::string bytes) { return ToRequest(options, path, std::move(bytes)); },
                   [&](size_t image, const v1::SegmentResponse& response) {
                     const std::string& path = options.images[image];
                     (common.json ? PrintJson : PrintForPeople)(path, response, out);
                     absl::Status written;
                     if (!label_maps.empty()) {
                       written.Update(WriteFile(response.label_map_png(), label_maps[image]));
                     }
                     if (!overlays.empty()) {
                       written.Update(WriteOverlay(path, options.raw, response, overlays[image]));
                     }
                     return ReportWritten({"image", path}, written, common.json, out, err);
                   });
}

}  // namespace localmamba::client
