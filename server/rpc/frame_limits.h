// How many frames of a stream the server works on.
#ifndef LOCALMAMBA_SERVER_RPC_FRAME_LIMITS_H_
#define LOCALMAMBA_SERVER_RPC_FRAME_LIMITS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "localmamba/v1/vision.pb.h"

namespace localmamba::server {

struct FrameLimits {
  size_t in_flight = 1;
  bool newest_wins = false;

  // To what the caller wants. Errors: INVALID_ARGUMENT, with a reject reason, naming the option that
  // is out of range.
  absl::Status Restrict(const v1::StreamOptions& options);

  // While as many answers are owed, no frame is read.
  [[nodiscard]] size_t unanswered() const;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_FRAME_LIMITS_H_
