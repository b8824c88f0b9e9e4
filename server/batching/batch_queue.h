// The requests that wait for the engines of one model version.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_QUEUE_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/batching/batch_request.h"
#include "server/batching/queue_snapshot.h"

namespace localmamba::server {

struct QueueOptions {
  // What becomes of a request that has waited for its timeout.
  enum class TimeoutAction : uint8_t {
    kReject,  // it is refused
    kDelay,   // it lets pass who waits now
  };

  size_t max_requests = 256;
  size_t max_bytes = size_t{256} << 20;  // of images

  int priority_levels = 1;   // 1 comes first
  int default_priority = 1;  // of requests that name none
  // A request that has waited so long counts as one of the next higher level that comes now.
  absl::Duration priority_ageing = absl::Seconds(1);

  absl::Duration timeout = absl::InfiniteDuration();
  TimeoutAction timeout_action = TimeoutAction::kReject;
  bool allow_timeout_override = true;  // whether a request may have a shorter timeout
};

struct WaitingRequest {
  BatchRequest request;
  absl::Time arrival;  // in the queue
  absl::Time turn;     // what requests are ordered by
  absl::Time timeout;
};

// A request that is not worth running any more, and why.
struct UnwantedRequest {
  BatchRequest request;
  absl::Status status;
};

// Bounded, ordered, and divided into buckets of one dtype and shape. The order: a request of level p
// comes p - 1 times priority_ageing later than it did; so within a level the first comes first, and
// one of a lower level is only passed by those that come in that time. Not safe to call from several
// threads.
class BatchQueue {
 public:
  explicit BatchQueue(const QueueOptions& options) : options_(options) {}

  // Takes `request` only if OK. Errors: RESOURCE_EXHAUSTED naming the limit. CHECKs that
  // CheckScheduling holds.
  absl::Status Push(BatchRequest&& request, absl::Time now);

  // Takes out every request whose caller has left, whose deadline has passed, that is due before
  // `least_time` of its images is over, or that is to be rejected for its timeout. Those that are to
  // be delayed are moved. The statuses are CANCELLED; DEADLINE_EXCEEDED for the request's own deadline
  // or timeout; RESOURCE_EXHAUSTED for the model's goal or timeout.
  using LeastTime = absl::FunctionRef<absl::Duration(size_t images)>;
  std::vector<UnwantedRequest> RemoveUnwanted(absl::Time now, LeastTime least_time);

  // The first of a bucket that have at most `images` together, but at least one. Invalidates
  // snapshots.
  std::vector<WaitingRequest> Pop(size_t bucket, size_t images);

  [[nodiscard]] bool empty() const { return buckets_.empty(); }
  [[nodiscard]] size_t requests() const { return requests_; }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  [[nodiscard]] std::vector<BucketSnapshot> Snapshot() const;
  // Of those that would be before a request that came now, and the index of its own bucket: that of
  // none if none of its kind is before it.
  struct Ahead {
    std::vector<BucketSnapshot> buckets;
    size_t own = 0;
  };
  [[nodiscard]] Ahead AheadOf(const ImageKind& kind, const Scheduling& scheduling,
                              absl::Time now) const;
  // When RemoveUnwanted has something to do next, as far as that is known.
  [[nodiscard]] absl::Time NextTimeout() const;

 private:
  struct Bucket {
    ImageKind kind;
    std::deque<WaitingRequest> waiting;  // by `turn`; at least one
  };

  Bucket& BucketOf(const ImageKind& kind);
  [[nodiscard]] absl::Time TurnOf(const Scheduling& scheduling, absl::Time now) const;
  // Whether `waiting` is still wanted; if not, why. May change its turn.
  absl::Status CheckWaiting(WaitingRequest& waiting, absl::Time now, LeastTime least_time) const;
  void Forget(const WaitingRequest& waiting);

  const QueueOptions options_;
  std::deque<Bucket> buckets_;
  size_t requests_ = 0;
  size_t bytes_ = 0;
};

// Errors: INVALID_ARGUMENT, with a reject reason, naming what a queue with these options does not
// allow.
absl::Status CheckScheduling(const Scheduling& scheduling, const QueueOptions& options);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_QUEUE_H_
