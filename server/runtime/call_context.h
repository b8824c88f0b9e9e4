// What every stage knows about the call it works for: until when, and whether anyone still waits.
#ifndef LOCALMAMBA_SERVER_RUNTIME_CALL_CONTEXT_H_
#define LOCALMAMBA_SERVER_RUNTIME_CALL_CONTEXT_H_

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace localmamba::server {

struct CallContext {
  absl::Time deadline = absl::InfiniteFuture();
  std::shared_ptr<const std::atomic<bool>> cancelled;  // set once the caller has left; may be null
};

// OK if work for the call is still worth starting at `now`. Errors: CANCELLED or DEADLINE_EXCEEDED,
// with `stage` ("decoding") in the message.
absl::Status CheckWanted(const CallContext& context, absl::Time now, absl::string_view stage);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_CALL_CONTEXT_H_
