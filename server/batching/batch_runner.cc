#include "server/batching/batch_runner.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"

namespace localmamba::server {
namespace {

void Refuse(std::vector<UnwantedRequest> unwanted) {
  for (UnwantedRequest& one : unwanted) one.request.done(std::move(one.status));
}

// Row `index` of a (B, N) tensor; empty if the tensor is.
Tensor Row(const Tensor& batch, size_t index) {
  return batch.empty() ? Tensor() : batch.Select(0, static_cast<int64_t>(index));
}

// The images of `batch`, copied to the front of `pixels`.
ConstTensorView Gather(const std::vector<WaitingRequest>& batch, const Tensor& pixels) {
  const auto count = static_cast<int64_t>(batch.size());
  for (int64_t i = 0; i < count; ++i) {
    const Tensor& image = batch[static_cast<size_t>(i)].request.pixels;
    std::memcpy(pixels.Select(0, i).data<uint8_t>(), image.data<uint8_t>(),
                static_cast<size_t>(image.elements()));
  }
  return pixels.Slice(0, 0, count);
}

}  // namespace

absl::StatusOr<std::unique_ptr<BatchRunner>> BatchRunner::Start(
    absl::Span<const std::unique_ptr<Engine>> engines, const Shape& image_shape,
    std::unique_ptr<const BatchPolicy> policy, const QueueLimits& limits, Allocator& host_allocator,
    Clock& clock, BatchObserver& observer) {
  LM_CHECK(!engines.empty() && image_shape.rank() == 3 && image_shape[2] == 3);
  const Shape batch_shape = {static_cast<int64_t>(policy->max_batch_size()), image_shape[0],
                             image_shape[1], 3};
  std::vector<Instance> instances;
  for (const std::unique_ptr<Engine>& engine : engines) {
    LM_ASSIGN_OR_RETURN(Tensor pixels,
                        Tensor::Allocate(host_allocator, DType::kUInt8, batch_shape));
    instances.push_back({engine.get(), std::move(pixels)});
  }
  return std::unique_ptr<BatchRunner>(new BatchRunner(std::move(instances), image_shape,
                                                      std::move(policy), limits, clock, observer));
}

BatchRunner::BatchRunner(std::vector<Instance> instances, const Shape& image_shape,
                         std::unique_ptr<const BatchPolicy> policy, const QueueLimits& limits,
                         Clock& clock, BatchObserver& observer)
    : instances_(std::move(instances)),
      image_shape_(image_shape),
      policy_(std::move(policy)),
      clock_(clock),
      observer_(observer),
      queue_(limits) {
  for (const Instance& instance : instances_) {
    threads_.emplace_back([this, &instance] { Work(instance); });
  }
}

BatchRunner::~BatchRunner() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

absl::Status BatchRunner::Enqueue(BatchRequest&& request) {
  LM_CHECK(request.pixels.shape() == image_shape_ && request.pixels.dtype() == DType::kUInt8 &&
           request.pixels.view().IsDense());
  std::vector<UnwantedRequest> unwanted;
  absl::Status status;
  {
    MutexLock lock(mu_);
    const absl::Time now = clock_.Now();
    status = queue_.Push(std::move(request), now);
    if (!status.ok()) {
      // Callers that have left must not keep others out.
      unwanted = queue_.RemoveUnwanted(now);
      if (!unwanted.empty()) status = queue_.Push(std::move(request), now);
    }
    changed_ = true;
    observer_.OnQueueLength(queue_.size());
  }
  Refuse(std::move(unwanted));
  return status;
}

void BatchRunner::Work(const Instance& instance) {
  while (true) {
    std::vector<UnwantedRequest> unwanted;
    std::vector<WaitingRequest> batch;
    {
      MutexLock lock(mu_);
      const absl::Time now = clock_.Now();
      unwanted = queue_.RemoveUnwanted(now);
      BatchDecision decision;
      if (queue_.size() > 0) {
        decision = stopping_ ? BatchDecision{std::min(queue_.size(), policy_->max_batch_size())}
                             : policy_->Decide(queue_.Snapshot(), now);
      } else if (stopping_ && unwanted.empty()) {
        return;
      }
      if (decision.launch == 0 && unwanted.empty()) {
        changed_ = false;
        clock_.AwaitUntil(
            mu_, [this] { return changed_ || stopping_; }, decision.wake);
        continue;
      }
      batch = queue_.PopFront(decision.launch);
      changed_ = true;  // the others have waited for another queue than is left
      observer_.OnQueueLength(queue_.size());
    }
    Refuse(std::move(unwanted));
    if (!batch.empty()) Launch(instance, std::move(batch));
  }
}

void BatchRunner::Launch(const Instance& instance, std::vector<WaitingRequest> batch) {
  observer_.OnBatch(batch.size());
  const absl::Time launched = clock_.Now();
  const absl::StatusOr<EngineOutput> output =
      instance.engine->Run(Gather(batch, instance.batch_pixels));
  const absl::Duration compute = clock_.Now() - launched;
  if (!output.ok()) observer_.OnEngineError(output.status());
  for (size_t i = 0; i < batch.size(); ++i) {
    WaitingRequest& one = batch[i];
    if (!output.ok()) {
      one.request.done(output.status());
      continue;
    }
    one.request.done(InferenceResult{.logits = Row(output->logits, i),
                                     .pooled = Row(output->pooled, i),
                                     .queue = launched - one.arrival,
                                     .compute = compute,
                                     .batch_size = batch.size()});
  }
}

}  // namespace localmamba::server
