// What a request hears that could not be answered in time.
#ifndef LOCALMAMBA_SERVER_BATCHING_TOO_LATE_H_
#define LOCALMAMBA_SERVER_BATCHING_TOO_LATE_H_

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace localmamba::server {

// `due` is as in BatchRequest, `deadline` the caller's own. DEADLINE_EXCEEDED if both are the same;
// else it is the model's goal that cannot be kept: RESOURCE_EXHAUSTED.
absl::Status TooLate(absl::Time due, absl::Time deadline);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_TOO_LATE_H_
