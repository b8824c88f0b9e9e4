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

}  // namespace

absl::StatusOr<std::unique_ptr<BatchRunner>> BatchRunner::Start(
    Engine& engine, const Shape& image_shape, std::unique_ptr<const BatchPolicy> policy,
    const QueueLimits& limits, Allocator& host_allocator, Clock& clock, BatchObserver& observer) {
  LM_CHECK(image_shape.rank() == 3 && image_shape[2] == 3);
  const Shape batch_shape = {static_cast<int64_t>(policy->max_batch_size()), image_shape[0],
                             image_shape[1], 3};
  LM_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(host_allocator, DType::kUInt8, batch_shape));
  return std::unique_ptr<BatchRunner>(new BatchRunner(engine, image_shape, std::move(pixels),
                                                      std::move(policy), limits, clock, observer));
}

BatchRunner::BatchRunner(Engine& engine, const Shape& image_shape, Tensor batch_pixels,
                         std::unique_ptr<const BatchPolicy> policy, const QueueLimits& limits,
                         Clock& clock, BatchObserver& observer)
    : engine_(engine),
      image_shape_(image_shape),
      batch_pixels_(std::move(batch_pixels)),
      policy_(std::move(policy)),
      clock_(clock),
      observer_(observer),
      queue_(limits),
      thread_([this] { Work(); }) {}

BatchRunner::~BatchRunner() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_ = true;
  }
  thread_.join();
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

void BatchRunner::Work() {
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
            mu_, [this] { return changed_; }, decision.wake);
        continue;
      }
      batch = queue_.PopFront(decision.launch);
      observer_.OnQueueLength(queue_.size());
    }
    Refuse(std::move(unwanted));
    if (!batch.empty()) Launch(std::move(batch));
  }
}

void BatchRunner::Launch(std::vector<WaitingRequest> batch) {
  observer_.OnBatch(batch.size());
  const absl::Time launched = clock_.Now();
  const absl::StatusOr<EngineOutput> output = engine_.Run(Gather(batch));
  const absl::Duration compute = clock_.Now() - launched;
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

ConstTensorView BatchRunner::Gather(const std::vector<WaitingRequest>& batch) const {
  const auto count = static_cast<int64_t>(batch.size());
  for (int64_t i = 0; i < count; ++i) {
    const Tensor& pixels = batch[static_cast<size_t>(i)].request.pixels;
    std::memcpy(batch_pixels_.Select(0, i).data<uint8_t>(), pixels.data<uint8_t>(),
                static_cast<size_t>(pixels.elements()));
  }
  return batch_pixels_.Slice(0, 0, count);
}

}  // namespace localmamba::server
