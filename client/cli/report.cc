#include "client/cli/report.h"

#include "nlohmann/json.hpp"

namespace localmamba::client {

ExitCode ReportFailure(const std::string& subject, const absl::Status& status, bool json,
                       std::ostream& out, std::ostream& err) {
  const std::string code = absl::StatusCodeToString(status.code());
  const std::string message(status.message());
  if (json) {
    const nlohmann::ordered_json line = {{"subject", subject},
                                         {"error", {{"code", code}, {"message", message}}}};
    out << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  } else {
    err << "localmamba: " << subject << (subject.empty() ? "" : ": ") << code << ": " << message
        << '\n';
  }
  return ExitCodeOf(status);
}

}  // namespace localmamba::client
