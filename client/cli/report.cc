#include "client/cli/report.h"

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace localmamba::client {

namespace {

void Report(const Subject& subject, const std::string& code, const std::string& message, bool json,
            std::ostream& out, std::ostream& err) {
  if (json) {
    const nlohmann::ordered_json line = {{subject.kind, subject.name},
                                         {"error", {{"code", code}, {"message", message}}}};
    out << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  } else {
    err << "localmamba: " << subject.name << (subject.name.empty() ? "" : ": ") << code << ": "
        << message << '\n';
  }
}

}  // namespace

ExitCode ReportFailure(const Subject& subject, const absl::Status& status, bool json,
                       std::ostream& out, std::ostream& err) {
  std::string message(status.message());
  if (absl::IsUnimplemented(status)) {
    absl::StrAppend(&message, "; --admin wants the server's admin port, --server its gRPC port");
  }
  Report(subject, absl::StatusCodeToString(status.code()), message, json, out, err);
  return ExitCodeOf(status);
}

ExitCode ReportLocalFailure(const Subject& subject, const std::string& message, bool json,
                            std::ostream& out, std::ostream& err) {
  Report(subject, "LOCAL_FILE", message, json, out, err);
  return ExitCode::kBadInput;
}

ExitCode ReportWritten(const Subject& subject, const absl::Status& written, bool json,
                       std::ostream& out, std::ostream& err) {
  if (written.ok()) return ExitCode::kSuccess;
  Report(subject, "LOCAL_FILE", std::string(written.message()), json, out, err);
  return ExitCode::kFailed;
}

}  // namespace localmamba::client
