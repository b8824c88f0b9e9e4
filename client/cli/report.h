// How a command tells that something failed.
#ifndef LOCALMAMBA_CLIENT_CLI_REPORT_H_
#define LOCALMAMBA_CLIENT_CLI_REPORT_H_

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "client/cli/exit_code.h"

namespace localmamba::client {

// With `json` a line {"subject", "error": {"code", "message"}} to `out`, else a sentence to `err`.
// `subject` is what failed, such as a file's name; may be empty. Returns the exit code for
// `status`.
ExitCode ReportFailure(const std::string& subject, const absl::Status& status, bool json,
                       std::ostream& out, std::ostream& err);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_REPORT_H_
