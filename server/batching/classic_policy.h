// The policy with the knobs that Triton and TensorFlow Serving have too.
#ifndef LOCALMAMBA_SERVER_BATCHING_CLASSIC_POLICY_H_
#define LOCALMAMBA_SERVER_BATCHING_CLASSIC_POLICY_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/batching/batch_policy.h"

namespace localmamba::server {

// Launches as soon as a full batch or one of a preferred size can be made, or the oldest request has
// waited for max_queue_delay; of several buckets the one that has waited longest. An engine takes
// one batch at a time, so requests that come while all engines work form the next batch even with a
// delay of 0.
class ClassicPolicy final : public BatchPolicy {
 public:
  struct Options {
    size_t max_batch_size = 8;  // at least 1
    absl::Duration max_queue_delay = absl::ZeroDuration();
    std::vector<size_t> preferred_batch_sizes;  // ascending, 1 to max_batch_size
  };

  explicit ClassicPolicy(Options options) : options_(std::move(options)) {}

  [[nodiscard]] bool sheds_early() const override { return false; }
  [[nodiscard]] bool Admits(const QueueSnapshot& /*queue*/, size_t /*bucket*/,
                            const Arrival& /*arrival*/, const CostTable& /*costs*/,
                            absl::Time /*now*/) const override {
    return true;
  }
  [[nodiscard]] absl::Duration LeastTime(size_t /*images*/,
                                         const CostTable& /*costs*/) const override {
    return absl::ZeroDuration();
  }
  [[nodiscard]] size_t max_batch_size() const override { return options_.max_batch_size; }

 private:
  [[nodiscard]] BatchDecision DecideFor(const BucketSnapshot& bucket, const QueueSnapshot& queue,
                                        const CostTable& costs, absl::Time now) const override;

  const Options options_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_CLASSIC_POLICY_H_
