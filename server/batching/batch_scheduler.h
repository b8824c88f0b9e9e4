// Everything about batching that is decided: queue, policy and what is known of costs, engines and
// arrivals, without threads. BatchRunner drives it in real time, the simulator in virtual time.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_SCHEDULER_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_SCHEDULER_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/batching/arrival_rate.h"
#include "server/batching/batch_policy.h"
#include "server/batching/batch_queue.h"
#include "server/batching/cost_table.h"

namespace localmamba::server {

// A request before any work is done for it.
struct Prospect {
  ImageKind kind;
  size_t images = 1;
  Scheduling scheduling;
  absl::Time due;
  absl::Time deadline;
};

// Not safe to call from several threads.
class BatchScheduler {
 public:
  BatchScheduler(std::unique_ptr<const BatchPolicy> policy, const QueueOptions& queue,
                 CostTable costs, size_t engines);

  // Counts a request that comes, and says whether it can be answered in time; else it is TooLate.
  absl::Status Offer(const Prospect& prospect, absl::Time now);

  // Takes `request` only if OK. Errors: those of BatchQueue::Push, after requests that nobody wants
  // any more, which are added to `unwanted`, have given up their places; TooLate.
  absl::Status Push(BatchRequest&& request, absl::Time now, std::vector<UnwantedRequest>& unwanted);

  // As BatchQueue::RemoveUnwanted.
  std::vector<UnwantedRequest> RemoveUnwanted(absl::Time now);

  // For an engine that is free. If nothing is to be launched, `wake` tells when to call
  // RemoveUnwanted and Decide again, if nothing comes before.
  [[nodiscard]] BatchDecision Decide(absl::Time now) const;
  // To launch all, whatever the policy says.
  [[nodiscard]] BatchDecision DecideToEmpty() const;
  std::vector<WaitingRequest> Take(const BatchDecision& decision);

  // What engine number `engine` does.
  void Began(size_t engine, size_t images, absl::Time now);
  void Ended(size_t engine, absl::Time now);
  // What a batch took that did not fail.
  void Observe(size_t images, absl::Duration compute) { costs_.Observe(images, compute); }

  [[nodiscard]] const CostTable& costs() const { return costs_; }
  [[nodiscard]] const BatchQueue& queue() const { return queue_; }
  [[nodiscard]] size_t max_batch_size() const { return policy_->max_batch_size(); }

 private:
  // What is known of costs is not believed if no engine has worked for this long: else a model that
  // once looked too slow for its goal would never be tried again.
  static constexpr absl::Duration kBelief = absl::Seconds(1);

  [[nodiscard]] absl::Status CheckInTime(const Prospect& prospect, absl::Time now) const;
  [[nodiscard]] bool ShedsEarly(absl::Time now) const {
    return policy_->sheds_early() && now < believed_until_;
  }
  [[nodiscard]] QueueSnapshot SnapshotWith(std::vector<BucketSnapshot> buckets,
                                           absl::Time now) const;
  // Until what waits now is done.
  [[nodiscard]] absl::Duration Backlog(absl::Time now) const;
  // With the advice to come back when that is done, if it is RESOURCE_EXHAUSTED.
  [[nodiscard]] absl::Status WithAdvice(absl::Status status, absl::Time now) const;

  const std::unique_ptr<const BatchPolicy> policy_;
  BatchQueue queue_;
  CostTable costs_;
  ArrivalRate arrivals_;
  std::vector<absl::Time> engines_free_;              // as in QueueSnapshot
  absl::Time believed_until_ = absl::InfinitePast();  // costs_
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_SCHEDULER_H_
