#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/report.h"
#include "client/cli/table.h"
#include "nlohmann/json.hpp"

namespace localmamba::client {
namespace {

const char* TaskName(v1::ServedVersion::Task task) {
  switch (task) {
    case v1::ServedVersion::TASK_CLASSIFICATION:
      return "classification";
    case v1::ServedVersion::TASK_FEATURES:
      return "features";
    case v1::ServedVersion::TASK_DETECTION:
      return "detection";
    case v1::ServedVersion::TASK_SEGMENTATION:
      return "segmentation";
    default:
      return "unknown";
  }
}

void PrintJson(const v1::ServedVersion& version, std::ostream& out) {
  const nlohmann::ordered_json line = {
      {"model", version.model()},
      {"version", version.version()},
      {"labels", std::vector<std::string>(version.labels().begin(), version.labels().end())},
      {"task", TaskName(version.task())},
      {"num_classes", version.num_classes()},
      {"input_height", version.input_height()},
      {"input_width", version.input_width()},
      {"ready", version.ready()},
      {"description", version.description()}};
  out << line.dump() << '\n';
}

}  // namespace

ExitCode RunModels(const VisionClient& client, const CommonOptions& common, std::ostream& out,
                   std::ostream& err) {
  const absl::StatusOr<v1::ListModelsResponse> response = client.ListModels(common.timeout);
  if (!response.ok())
    return ReportFailure({"server", ""}, response.status(), common.json, out, err);
  std::vector<std::vector<std::string>> rows = {
      {"model", "version", "labels", "task", "classes", "input", "ready", "description"}};
  for (const v1::ServedVersion& version : response->versions()) {
    if (common.json) PrintJson(version, out);
    rows.push_back({version.model(), absl::StrCat(version.version()),
                    absl::StrJoin(version.labels(), ","), TaskName(version.task()),
                    absl::StrCat(version.num_classes()),
                    version.input_height() == 0
                        ? "any"
                        : absl::StrCat(version.input_height(), "x", version.input_width()),
                    version.ready() ? "yes" : "no", version.description()});
  }
  if (!common.json) PrintTable(rows, out);
  return ExitCode::kSuccess;
}

}  // namespace localmamba::client
