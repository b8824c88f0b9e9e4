// The requests that wait for one engine.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_QUEUE_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_QUEUE_H_

#include <cstddef>
#include <deque>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/batching/batch_policy.h"
#include "server/batching/batch_request.h"

namespace localmamba::server {

struct QueueLimits {
  size_t max_requests = 256;
  size_t max_bytes = size_t{256} << 20;  // of pixels
};

struct WaitingRequest {
  BatchRequest request;
  absl::Time arrival;
};

// A request that is not worth running any more, and why.
struct UnwantedRequest {
  BatchRequest request;
  absl::Status status;
};

// First in, first out, bounded. Not safe to call from several threads.
class BatchQueue {
 public:
  explicit BatchQueue(const QueueLimits& limits) : limits_(limits) {}

  // Takes `request` only if OK. Errors: RESOURCE_EXHAUSTED naming the limit.
  absl::Status Push(BatchRequest&& request, absl::Time now);

  // Takes out every request whose caller has left or whose deadline has passed.
  std::vector<UnwantedRequest> RemoveUnwanted(absl::Time now);

  // The first `count`, of at least as many.
  std::vector<WaitingRequest> PopFront(size_t count);

  [[nodiscard]] size_t size() const { return waiting_.size(); }
  [[nodiscard]] QueueSnapshot Snapshot() const;  // not empty

 private:
  const QueueLimits limits_;
  std::deque<WaitingRequest> waiting_;
  size_t bytes_ = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_QUEUE_H_
