#include "client/cli/model_commands.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/cli/report.h"
#include "client/cli/table.h"
#include "nlohmann/json.hpp"

namespace localmamba::client {
namespace {

using admin::v1::Model;
using admin::v1::ModelVersion;
using Rows = std::vector<std::vector<std::string>>;

// "serving"
std::string StateName(ModelVersion::State state) {
  const std::string name = ModelVersion::State_Name(state);
  return absl::AsciiStrToLower(absl::StripPrefix(name, "STATE_"));
}

Rows Heading() { return {{"model", "version", "state", "labels", "top-1", "message"}}; }

// Of a metrics.json; null without one.
nlohmann::ordered_json ParseMetrics(const std::string& text) {
  nlohmann::ordered_json metrics =
      nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  return metrics.is_discarded() ? nlohmann::ordered_json() : metrics;
}

void Append(const std::string& model, const ModelVersion& version, bool json, Rows& rows,
            std::ostream& out) {
  const nlohmann::ordered_json metrics = ParseMetrics(version.metrics_json());
  if (json) {
    const nlohmann::ordered_json line = {
        {"model", model},
        {"version", version.version()},
        {"state", StateName(version.state())},
        {"labels", std::vector<std::string>(version.labels().begin(), version.labels().end())},
        {"message", version.message()},
        {"metrics", metrics}};
    out << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
    return;
  }
  std::string top1;
  if (metrics.is_object() && metrics.contains("top1")) top1 = metrics["top1"].dump();
  rows.push_back({model, absl::StrCat(version.version()), StateName(version.state()),
                  absl::StrJoin(version.labels(), ","), top1, version.message()});
}

// One whose folder cannot be read.
void AppendBroken(const Model& model, bool json, Rows& rows, std::ostream& out) {
  if (json) {
    const nlohmann::ordered_json line = {
        {"model", model.name()}, {"state", "failed"}, {"message", model.message()}};
    out << line.dump() << '\n';
    return;
  }
  rows.push_back({model.name(), "", "failed", "", "", model.message()});
}

ExitCode ReportVersion(const VersionOptions& options, const absl::StatusOr<ModelVersion>& version,
                       const CommonOptions& common, std::ostream& out, std::ostream& err) {
  if (!version.ok()) {
    return ReportFailure({"model", options.model}, version.status(), common.json, out, err);
  }
  Rows rows = Heading();
  Append(options.model, *version, common.json, rows, out);
  if (!common.json) PrintTable(rows, out);
  return ExitCode::kSuccess;
}

}  // namespace

ExitCode RunModelsList(const AdminClient& client, const CommonOptions& common, std::ostream& out,
                       std::ostream& err) {
  const absl::StatusOr<admin::v1::ListModelsResponse> response = client.ListModels(common.timeout);
  if (!response.ok())
    return ReportFailure({"server", ""}, response.status(), common.json, out, err);
  Rows rows = Heading();
  for (const Model& model : response->models()) {
    if (!model.message().empty()) AppendBroken(model, common.json, rows, out);
    for (const ModelVersion& version : model.versions()) {
      Append(model.name(), version, common.json, rows, out);
    }
  }
  if (!common.json) PrintTable(rows, out);
  return ExitCode::kSuccess;
}

ExitCode RunModelsLoad(const AdminClient& client, const VersionOptions& options,
                       const CommonOptions& common, std::ostream& out, std::ostream& err) {
  return ReportVersion(options, client.LoadVersion(options.model, options.version, common.timeout),
                       common, out, err);
}

ExitCode RunModelsUnload(const AdminClient& client, const VersionOptions& options,
                         const CommonOptions& common, std::ostream& out, std::ostream& err) {
  return ReportVersion(options,
                       client.UnloadVersion(options.model, options.version, common.timeout), common,
                       out, err);
}

ExitCode RunModelsLabel(const AdminClient& client, const VersionOptions& options,
                        const std::string& label, const CommonOptions& common, std::ostream& out,
                        std::ostream& err) {
  const absl::StatusOr<Model> model =
      client.SetVersionLabel(options.model, label, options.version, common.timeout);
  if (!model.ok())
    return ReportFailure({"model", options.model}, model.status(), common.json, out, err);
  Rows rows = Heading();
  for (const ModelVersion& version : model->versions()) {
    Append(model->name(), version, common.json, rows, out);
  }
  if (!common.json) PrintTable(rows, out);
  return ExitCode::kSuccess;
}

ExitCode RunModelsDelete(const AdminClient& client, const VersionOptions& options,
                         const CommonOptions& common, std::ostream& out, std::ostream& err) {
  const absl::Status status = client.DeleteVersion(options.model, options.version, common.timeout);
  if (!status.ok()) return ReportFailure({"model", options.model}, status, common.json, out, err);
  if (common.json) {
    const nlohmann::ordered_json line = {
        {"model", options.model}, {"version", options.version}, {"deleted", true}};
    out << line.dump() << '\n';
  }
  return ExitCode::kSuccess;
}

}  // namespace localmamba::client
