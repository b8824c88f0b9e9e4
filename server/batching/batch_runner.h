// Feeds the engines of one model version from one queue.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_RUNNER_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_RUNNER_H_

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/base/mutex.h"
#include "kernels/device/buffer.h"
#include "model/engine/engine.h"
#include "server/batching/batch_policy.h"
#include "server/batching/batch_queue.h"
#include "server/batching/batch_request.h"
#include "server/runtime/clock.h"

namespace localmamba::server {

// Hears what a runner does. Called by the runner's threads and by those that enqueue, by several at
// once; must be quick.
class BatchObserver {
 public:
  virtual ~BatchObserver() = default;
  virtual void OnBatch(size_t images) = 0;  // a batch is launched
  // It has been run, and its requests are about to be answered.
  virtual void OnBatchDone(size_t images, absl::Duration compute) = 0;
  virtual void OnQueueLength(size_t requests) = 0;             // requests came or left
  virtual void OnEngineError(const absl::Status& status) = 0;  // a batch failed
};

// Owns one thread for each engine, so that while one batch is computed the next is gathered and
// copied. All engines take from all buckets of the queue.
class BatchRunner {
 public:
  // Everything referred to outlives the runner. `engines` are one or more that may run at once;
  // images have at most `max_image_bytes`. Errors: RESOURCE_EXHAUSTED if there is no memory for a
  // batch of images for each.
  static absl::StatusOr<std::unique_ptr<BatchRunner>> Start(
      absl::Span<const std::unique_ptr<Engine>> engines, size_t max_image_bytes,
      std::unique_ptr<const BatchPolicy> policy, const QueueOptions& queue,
      Allocator& host_allocator, Clock& clock, BatchObserver& observer);

  // Runs what waits, then stops.
  ~BatchRunner();

  // Takes `request` only if OK, and then calls its `done` from a thread of the runner (or, if its
  // caller left and another request needs the place, from a thread that enqueues). Never blocks on
  // the engine. Requests that are cancelled or late when their turn comes are not run: `done` gets
  // the status of BatchQueue::RemoveUnwanted. If the engine fails, `done` of the whole batch gets
  // its error. Errors: RESOURCE_EXHAUSTED if the queue is full. CHECKs that the input is as
  // BatchRequest wants it, with at most max_batch_size images of max_image_bytes.
  absl::Status Enqueue(BatchRequest&& request) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // What belongs to one thread.
  struct Instance {
    Engine* engine;
    Buffer images;  // of a whole batch
  };

  BatchRunner(std::vector<Instance> instances, size_t max_image_bytes,
              std::unique_ptr<const BatchPolicy> policy, const QueueOptions& queue, Clock& clock,
              BatchObserver& observer);

  void Work(Instance& instance) ABSL_LOCKS_EXCLUDED(mu_);
  // What to launch now; if nothing, when to look again.
  BatchDecision Decide(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Launch(Instance& instance, std::vector<WaitingRequest> batch);

  std::vector<Instance> instances_;
  const size_t max_image_bytes_;
  const std::unique_ptr<const BatchPolicy> policy_;
  Clock& clock_;
  BatchObserver& observer_;

  Mutex mu_;
  BatchQueue queue_ ABSL_GUARDED_BY(mu_);
  bool changed_ ABSL_GUARDED_BY(mu_) = false;  // since a thread last looked and waits for it
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_RUNNER_H_
