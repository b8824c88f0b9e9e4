// The policy whose only knob is by when requests are to be answered.
#ifndef LOCALMAMBA_SERVER_BATCHING_SLO_POLICY_H_
#define LOCALMAMBA_SERVER_BATCHING_SLO_POLICY_H_

#include <cstddef>

#include "absl/time/time.h"
#include "server/batching/batch_policy.h"

namespace localmamba::server {

// Plans with the cost table and with what is due when.
//
// Decide launches as many as can be launched together without making the first of them late. If
// that is all that wait, it may wait for more, but only while that pays: batches of this size would
// not keep up with what comes, a larger one does more images a second, and the next image is
// expected before the last moment at which the batch plus one can start in time.
//
// Admits expects that those who come until an engine is free will be in the same batch: so under
// overload the requests that come early in a batch's run are turned away, those that come late fill
// the next one, and batches stay large. (If it admitted whoever could still be served in a batch of
// its own, the oldest in the queue would always be about to be late and batches would shrink to
// one.) They are expected in so far as a batch saves work; where it saves none, it need not be
// large. Who would make late those that wait already has to go behind them.
class SloPolicy final : public BatchPolicy {
 public:
  // At least 1.
  explicit SloPolicy(size_t max_batch_size) : max_batch_size_(max_batch_size) {}

  [[nodiscard]] bool sheds_early() const override { return true; }
  [[nodiscard]] bool Admits(const QueueSnapshot& queue, size_t bucket, const Arrival& arrival,
                            const CostTable& costs, absl::Time now) const override;
  [[nodiscard]] absl::Duration LeastTime(size_t images, const CostTable& costs) const override {
    return costs.SafeCostOf(images);
  }
  [[nodiscard]] size_t max_batch_size() const override { return max_batch_size_; }

 private:
  [[nodiscard]] BatchDecision DecideFor(const BucketSnapshot& bucket, const QueueSnapshot& queue,
                                        const CostTable& costs, absl::Time now) const override;

  const size_t max_batch_size_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_SLO_POLICY_H_
