#include "server/batching/fifo_policy.h"

#include <algorithm>

namespace localmamba::server {

BatchDecision FifoPolicy::Decide(const QueueSnapshot& queue, absl::Time now) const {
  const absl::Time due = queue.oldest_arrival + options_.max_queue_delay;
  if (queue.requests >= options_.max_batch_size || now >= due) {
    return {.launch = std::min(queue.requests, options_.max_batch_size)};
  }
  return {.launch = 0, .wake = due};
}

}  // namespace localmamba::server
