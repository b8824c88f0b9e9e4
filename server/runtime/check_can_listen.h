// Whether an address and port are free, before anything slow is done for a server there.
#ifndef LOCALMAMBA_SERVER_RUNTIME_CHECK_CAN_LISTEN_H_
#define LOCALMAMBA_SERVER_RUNTIME_CHECK_CAN_LISTEN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace localmamba::server {

// Listens and stops at once. `address` is a numeric address or a host name; `protocol` is named in
// messages. Port 0 is free. Errors: FAILED_PRECONDITION with the system's reason.
absl::Status CheckCanListen(const std::string& address, int port, absl::string_view protocol);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_CHECK_CAN_LISTEN_H_
