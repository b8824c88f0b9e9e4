#include "server/rpc/frame_limits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {

absl::Status FrameLimits::Restrict(const v1::StreamOptions& options) {
  newest_wins = options.newest_wins();
  if (options.has_max_in_flight() && options.max_in_flight() < 1) {
    return InvalidRequest(absl::StrCat("options.max_in_flight: found ", options.max_in_flight(),
                                       ", wanted 1 or more"));
  }
  if (options.has_max_in_flight()) {
    in_flight = std::min(in_flight, static_cast<size_t>(options.max_in_flight()));
  } else if (newest_wins) {
    in_flight = 1;
  }
  return absl::OkStatus();
}

size_t FrameLimits::unanswered() const {
  // Answers that a frame was skipped wait for those of frames before it; this bounds their memory.
  constexpr size_t kIfNewestWins = 1024;
  return newest_wins ? kIfNewestWins : in_flight;
}

}  // namespace localmamba::server
