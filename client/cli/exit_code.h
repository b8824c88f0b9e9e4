// What the program's exit status tells.
#ifndef LOCALMAMBA_CLIENT_CLI_EXIT_CODE_H_
#define LOCALMAMBA_CLIENT_CLI_EXIT_CODE_H_

#include <algorithm>

#include "absl/status/status.h"
#include "client/cpp/error_details.h"

namespace localmamba::client {

enum class ExitCode {
  kSuccess = 0,
  kFailed = 1,    // the job that was watched failed or was cancelled, or output was not written
  kBadInput = 2,  // usage, an unreadable file, or a request the server calls wrong
  kServerTrouble = 3,  // no server, a busy, stopping or failing one, or no answer in time
};

// The exit code for an answer of the server.
inline ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kSuccess;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return ExitCode::kBadInput;
    case absl::StatusCode::kResourceExhausted:
      // A busy server says when to retry; gRPC says nothing more of a message that is too large.
      return status.GetPayload(kErrorDetails).has_value() ? ExitCode::kServerTrouble
                                                          : ExitCode::kBadInput;
    default:
      return ExitCode::kServerTrouble;
  }
}

inline ExitCode Worse(ExitCode a, ExitCode b) { return std::max(a, b); }

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_EXIT_CODE_H_
