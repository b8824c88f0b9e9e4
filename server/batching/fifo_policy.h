// First come, first served.
#ifndef LOCALMAMBA_SERVER_BATCHING_FIFO_POLICY_H_
#define LOCALMAMBA_SERVER_BATCHING_FIFO_POLICY_H_

#include <cstddef>

#include "absl/time/time.h"
#include "server/batching/batch_policy.h"

namespace localmamba::server {

// Launches as soon as a full batch waits, or the oldest request has waited for max_queue_delay. An
// engine takes one batch at a time, so requests that come while all engines work form the next
// batch even with a delay of 0.
class FifoPolicy final : public BatchPolicy {
 public:
  struct Options {
    size_t max_batch_size = 8;  // at least 1
    absl::Duration max_queue_delay = absl::ZeroDuration();
  };

  explicit FifoPolicy(const Options& options) : options_(options) {}

  [[nodiscard]] BatchDecision Decide(const QueueSnapshot& queue, absl::Time now) const override;
  [[nodiscard]] size_t max_batch_size() const override { return options_.max_batch_size; }

 private:
  const Options options_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_FIFO_POLICY_H_
