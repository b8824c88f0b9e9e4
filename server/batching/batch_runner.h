// Feeds one engine from one queue.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_RUNNER_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_RUNNER_H_

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/shape.h"
#include "kernels/tensor/tensor.h"
#include "model/engine/engine.h"
#include "server/batching/batch_policy.h"
#include "server/batching/batch_queue.h"
#include "server/batching/batch_request.h"
#include "server/runtime/clock.h"
#include "kernels/base/mutex.h"

namespace localmamba::server {

// Hears what a runner does. Called by the runner's thread and by those that enqueue; must be quick.
class BatchObserver {
 public:
  virtual ~BatchObserver() = default;
  virtual void OnBatch(size_t images) = 0;          // a batch is launched
  virtual void OnQueueLength(size_t requests) = 0;  // requests came or left
};

// Owns the one thread that uses the engine. All requests have the same shape: one runner serves one
// input shape of one version.
class BatchRunner {
 public:
  // Everything referred to outlives the runner. `image_shape` is (H, W, 3).
  // Errors: RESOURCE_EXHAUSTED if there is no memory for a batch of pixels.
  static absl::StatusOr<std::unique_ptr<BatchRunner>> Start(
      Engine& engine, const Shape& image_shape, std::unique_ptr<const BatchPolicy> policy,
      const QueueLimits& limits, Allocator& host_allocator, Clock& clock, BatchObserver& observer);

  // Runs what waits, then stops.
  ~BatchRunner();

  // Takes `request` only if OK, and then calls its `done` from the runner's thread (or, if its
  // caller left and another request needs the place, from a thread that enqueues). Never blocks on
  // the engine. Requests that are cancelled or late when their turn comes are not run: `done` gets
  // CANCELLED or DEADLINE_EXCEEDED. If the engine fails, `done` of the whole batch gets its error.
  // Errors: RESOURCE_EXHAUSTED if the queue is full. CHECKs that the shape is image_shape.
  absl::Status Enqueue(BatchRequest&& request) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  BatchRunner(Engine& engine, const Shape& image_shape, Tensor batch_pixels,
              std::unique_ptr<const BatchPolicy> policy, const QueueLimits& limits, Clock& clock,
              BatchObserver& observer);

  void Work() ABSL_LOCKS_EXCLUDED(mu_);
  void Launch(std::vector<WaitingRequest> batch);
  ConstTensorView Gather(const std::vector<WaitingRequest>& batch) const;

  Engine& engine_;  // used by thread_ only
  const Shape image_shape_;
  const Tensor batch_pixels_;  // (max_batch_size, H, W, 3); contents used by thread_ only
  const std::unique_ptr<const BatchPolicy> policy_;
  Clock& clock_;
  BatchObserver& observer_;

  Mutex mu_;
  BatchQueue queue_ ABSL_GUARDED_BY(mu_);
  bool changed_ ABSL_GUARDED_BY(mu_) = false;  // since the thread last looked
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_RUNNER_H_
