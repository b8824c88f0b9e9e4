// How a command tells that something failed.
#ifndef LOCALMAMBA_CLIENT_CLI_REPORT_H_
#define LOCALMAMBA_CLIENT_CLI_REPORT_H_

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "client/cli/exit_code.h"

namespace localmamba::client {

// What a failure is about: {"image", "photo.jpg"}. The name may be empty.
struct Subject {
  const char* kind;
  std::string name;
};

// With `json` a line {kind: name, "error": {"code", "message"}} to `out`, else a sentence to `err`.
// Returns the exit code for `status`, which the server or its absence gave.
ExitCode ReportFailure(const Subject& subject, const absl::Status& status, bool json,
                       std::ostream& out, std::ostream& err);

// The same of a local file, with the code "LOCAL_FILE", which no server gives.
ExitCode ReportLocalFailure(const Subject& subject, const std::string& message, bool json,
                            std::ostream& out, std::ostream& err);

// kSuccess if `written` is OK; else kFailed, and tells of the file that should have been written.
ExitCode ReportWritten(const Subject& subject, const absl::Status& written, bool json,
                       std::ostream& out, std::ostream& err);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_REPORT_H_
