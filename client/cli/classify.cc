#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/image_request.h"
#include "client/cli/read_file.h"
#include "client/cli/report.h"
#include "client/cli/table.h"
#include "nlohmann/json.hpp"

namespace localmamba::client {
namespace {

constexpr size_t kMaxRequestIdBytes = 256;  // of the server

v1::ClassifyRequest ToRequest(const ClassifyOptions& options, const std::string& path,
                              std::string bytes) {
  v1::ClassifyRequest request;
  *request.mutable_model() = ToModelReference(options.model, options.version);
  *request.mutable_image() = ToImage(std::move(bytes), options.raw);
  if (options.top_k.has_value()) request.set_top_k(*options.top_k);
  if (path.size() <= kMaxRequestIdBytes) request.set_request_id(path);
  return request;
}

double Milliseconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) * 1e3 + duration.nanos() / 1e6;
}

void PrintJson(const std::string& path, const v1::ClassifyResponse& response, std::ostream& out) {
  nlohmann::ordered_json line = {
      {"image", path}, {"model", response.model().name()}, {"version", response.model().number()}};
  for (const v1::ClassScore& score : response.classes()) {
    line["classes"].push_back(
        {{"id", score.id()}, {"name", score.name()}, {"score", score.score()}});
  }
  const v1::Timings& timings = response.timings();
  line["timings_ms"] = {{"preprocess", Milliseconds(timings.preprocess())},
                        {"queue", Milliseconds(timings.queue())},
                        {"compute", Milliseconds(timings.compute())},
                        {"postprocess", Milliseconds(timings.postprocess())},
                        {"total", Milliseconds(timings.total())}};
  line["batch_size"] = timings.batch_size();
  out << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

void PrintForPeople(const std::string& path, const v1::ClassifyResponse& response,
                    std::ostream& out) {
  out << absl::StrFormat("%s  (%s version %d, %.1f ms)\n", path, response.model().name(),
                         response.model().number(), Milliseconds(response.timings().total()));
  std::vector<std::vector<std::string>> rows = {{"  score", "id", "class"}};
  for (const v1::ClassScore& score : response.classes()) {
    rows.push_back(
        {absl::StrFormat("%7.4f", score.score()), absl::StrCat(score.id()), score.name()});
  }
  PrintTable(rows, out);
}

}  // namespace

ExitCode RunClassify(const VisionClient& client, const ClassifyOptions& options,
                     const CommonOptions& common, std::ostream& out, std::ostream& err) {
  ExitCode worst = ExitCode::kSuccess;
  for (const std::string& path : options.images) {
    std::optional<std::string> bytes = ReadFile(path);
    if (!bytes.has_value()) {
      worst = Worse(worst, ReportLocalFailure({"image", path}, kUnreadable, common.json, out, err));
      continue;
    }
    const absl::StatusOr<v1::ClassifyResponse> response =
        client.Classify(ToRequest(options, path, *std::move(bytes)), common.timeout);
    if (!response.ok()) {
      worst =
          Worse(worst, ReportFailure({"image", path}, response.status(), common.json, out, err));
      continue;
    }
    if (common.json) {
      PrintJson(path, *response, out);
    } else {
      PrintForPeople(path, *response, out);
    }
  }
  return worst;
}

}  // namespace localmamba::client
