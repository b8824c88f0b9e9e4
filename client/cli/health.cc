#include "absl/status/statusor.h"
#include "client/cli/commands.h"
#include "client/cli/report.h"
#include "nlohmann/json.hpp"

namespace localmamba::client {

ExitCode RunHealth(const VisionClient& client, const std::string& model,
                   const CommonOptions& common, std::ostream& out, std::ostream& err) {
  const absl::StatusOr<bool> serving = client.IsServing(model, common.timeout);
  if (!serving.ok())
    return ReportFailure({"model", model}, serving.status(), common.json, out, err);
  const char* const status = *serving ? "SERVING" : "NOT_SERVING";
  if (common.json) {
    out << nlohmann::ordered_json{{"model", model}, {"status", status}}.dump() << '\n';
  } else {
    out << (model.empty() ? "server" : model) << ": " << status << '\n';
  }
  return *serving ? ExitCode::kSuccess : ExitCode::kServerTrouble;
}

}  // namespace localmamba::client
