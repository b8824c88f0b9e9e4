// Feeds the engines of one model version from one queue.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_RUNNER_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_RUNNER_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/base/mutex.h"
#include "kernels/device/buffer.h"
#include "model/engine/engine.h"
#include "server/batching/batch_observer.h"
#include "server/batching/batch_policy.h"
#include "server/batching/batch_request.h"
#include "server/batching/batch_scheduler.h"
#include "server/batching/cost_table.h"
#include "server/batching/device_turns.h"
#include "server/batching/failed_batch.h"
#include "server/runtime/clock.h"

namespace localmamba::server {

// Owns one thread for each engine, so that while one batch is computed the next is gathered and
// copied. All engines take from all buckets of the queue.
class BatchRunner {
 public:
  struct Options {
    size_t max_image_bytes = 0;
    QueueOptions queue;
    CostTable costs{{}};
    double weight = 1;  // of its share in the device
  };

  // Everything referred to outlives the runner. `engines` are one or more that may run at once.
  // Errors: RESOURCE_EXHAUSTED if there is no memory for a batch of images for each.
  static absl::StatusOr<std::unique_ptr<BatchRunner>> Start(
      absl::Span<const std::unique_ptr<Engine>> engines, std::unique_ptr<const BatchPolicy> policy,
      const Options& options, DeviceTurns& device, Allocator& host_allocator, Clock& clock,
      BatchObserver& observer);

  // Runs what waits, then stops.
  ~BatchRunner();

  // To be called for each request that comes, before any work is done for it. Errors: TooLate if it
  // cannot be answered in time.
  absl::Status Offer(const Prospect& prospect) ABSL_LOCKS_EXCLUDED(mu_);

  // Takes `request` only if OK, and then calls its `done` from a thread of the runner (or, if its
  // caller left and another request needs the place, from a thread that enqueues). Never blocks on
  // the engine. A request that is cancelled or late when its turn comes is not run: `done` gets
  // the status of BatchQueue::RemoveUnwanted. If the engine fails, the batch is run again in halves,
  // on another engine if there is one, until only what cannot be run is left, or it has failed more
  // often than one bad request explains (FailedBatch): then `done` gets the engine's error.
  // Errors: those of BatchScheduler::Push. CHECKs that the input is as BatchRequest wants it, with
  // at most max_batch_size images of max_image_bytes.
  absl::Status Enqueue(BatchRequest&& request) ABSL_LOCKS_EXCLUDED(mu_);

  // Costs as they are known now, by size.
  [[nodiscard]] std::vector<CostTable::Point> costs() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // What belongs to one thread.
  struct Instance {
    Engine* engine;
    Buffer images;  // of a whole batch
  };
  using Turn = std::optional<DeviceTurns::Turn>;

  // What a thread is to do next, and whom it has to tell that they are not served.
  struct Step {
    std::vector<UnwantedRequest> unwanted;
    std::optional<Batch> batch;                   // to run
    std::optional<absl::Duration> turn_to_await;  // the device is busy: expected cost of the batch
    bool stop = false;
  };

  BatchRunner(std::vector<Instance> instances, std::unique_ptr<const BatchPolicy> policy,
              const Options& options, DeviceTurns& device, Clock& clock, BatchObserver& observer);

  void Work(size_t instance) ABSL_LOCKS_EXCLUDED(mu_);
  // Waits until there is something to do. Takes a turn if one is free, and gives it back before it
  // waits. What a thread meant to run while it waited for its turn may have changed: it asks again.
  Step NextStep(size_t instance, Turn& turn) ABSL_LOCKS_EXCLUDED(mu_);
  // The first failed batch that this instance may run; end() if there is none.
  std::list<Batch>::iterator FindFailed(size_t instance) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  BatchDecision Decide(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TellQueue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Refuse(std::vector<UnwantedRequest> unwanted, ShedStage stage);

  void Run(size_t instance, Batch batch, Turn& turn) ABSL_LOCKS_EXCLUDED(mu_);
  void RunAgain(size_t instance, Batch batch, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mu_);

  std::vector<Instance> instances_;
  const size_t max_image_bytes_;
  const size_t max_batch_size_;
  DeviceTurns& device_;
  DeviceTurns::Member member_;
  Clock& clock_;
  BatchObserver& observer_;

  mutable Mutex mu_;
  BatchScheduler scheduler_ ABSL_GUARDED_BY(mu_);
  std::list<Batch> failed_ ABSL_GUARDED_BY(mu_);  // to be run again
  uint64_t changes_ ABSL_GUARDED_BY(mu_) = 0;     // of what threads decide by
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_RUNNER_H_
