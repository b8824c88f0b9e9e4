#include "server/batching/batch_runner.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"

namespace localmamba::server {
namespace {

void Refuse(std::vector<UnwantedRequest> unwanted) {
  for (UnwantedRequest& one : unwanted) one.request.done(std::move(one.status));
}

// Rows [begin, end) of a (B, N) tensor; empty if the tensor is.
Tensor Rows(const Tensor& batch, int64_t begin, int64_t end) {
  return batch.empty() ? Tensor() : batch.Slice(0, begin, end);
}

int64_t ImagesOf(const std::vector<WaitingRequest>& batch) {
  int64_t images = 0;
  for (const WaitingRequest& one : batch) images += one.request.input.dim(0);
  return images;
}

// The images of `batch`: a single request's as they are, several ones' copied to `space`.
ConstTensorView Gather(const std::vector<WaitingRequest>& batch, const Buffer& space) {
  const ConstTensorView& first = batch.front().request.input;
  if (batch.size() == 1) return first;
  auto* end = static_cast<std::byte*>(space.data());
  for (const WaitingRequest& one : batch) {
    std::memcpy(end, one.request.input.raw_data(), one.request.bytes());
    end += one.request.bytes();
  }
  Shape shape = first.shape();
  shape[0] = ImagesOf(batch);
  return {space.data(), first.dtype(), shape, Device::Cpu()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<BatchRunner>> BatchRunner::Start(
    absl::Span<const std::unique_ptr<Engine>> engines, size_t max_image_bytes,
    std::unique_ptr<const BatchPolicy> policy, const QueueOptions& queue, Allocator& host_allocator,
    Clock& clock, BatchObserver& observer) {
  LM_CHECK(!engines.empty());
  std::vector<Instance> instances;
  for (const std::unique_ptr<Engine>& engine : engines) {
    LM_ASSIGN_OR_RETURN(Buffer images,
                        host_allocator.Allocate(policy->max_batch_size() * max_image_bytes));
    instances.push_back({engine.get(), std::move(images)});
  }
  return std::unique_ptr<BatchRunner>(new BatchRunner(std::move(instances), max_image_bytes,
                                                      std::move(policy), queue, clock, observer));
}

BatchRunner::BatchRunner(std::vector<Instance> instances, size_t max_image_bytes,
                         std::unique_ptr<const BatchPolicy> policy, const QueueOptions& queue,
                         Clock& clock, BatchObserver& observer)
    : instances_(std::move(instances)),
      max_image_bytes_(max_image_bytes),
      policy_(std::move(policy)),
      clock_(clock),
      observer_(observer),
      queue_(queue) {
  for (Instance& instance : instances_) {
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
  LM_CHECK(request.input.rank() == 4 && request.input.IsDense() && request.images() > 0 &&
           request.images() <= policy_->max_batch_size() &&
           request.bytes() <= request.images() * max_image_bytes_);
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
    observer_.OnQueueLength(queue_.requests());
  }
  Refuse(std::move(unwanted));
  return status;
}

BatchDecision BatchRunner::Decide(absl::Time now) const {
  if (queue_.empty()) return {};
  const QueueSnapshot snapshot = queue_.Snapshot();
  if (stopping_) return {.launch = std::min(snapshot[0].images, policy_->max_batch_size())};
  BatchDecision decision = policy_->Decide(snapshot, now);
  if (decision.launch == 0) decision.wake = std::min(decision.wake, queue_.NextTimeout());
  return decision;
}

void BatchRunner::Work(Instance& instance) {
  while (true) {
    std::vector<UnwantedRequest> unwanted;
    std::vector<WaitingRequest> batch;
    {
      MutexLock lock(mu_);
      const absl::Time now = clock_.Now();
      unwanted = queue_.RemoveUnwanted(now);
      if (stopping_ && queue_.empty() && unwanted.empty()) return;
      const BatchDecision decision = Decide(now);
      if (decision.launch == 0 && unwanted.empty()) {
        changed_ = false;
        clock_.AwaitUntil(
            mu_, [this] { return changed_ || stopping_; }, decision.wake);
        continue;
      }
      if (decision.launch > 0) batch = queue_.Pop(decision.bucket, decision.launch);
      changed_ = true;  // the others have waited for another queue than is left
      observer_.OnQueueLength(queue_.requests());
    }
    Refuse(std::move(unwanted));
    if (!batch.empty()) Launch(instance, std::move(batch));
  }
}

void BatchRunner::Launch(Instance& instance, std::vector<WaitingRequest> batch) {
  const absl::Time launched = clock_.Now();
  const ConstTensorView input = Gather(batch, instance.images);
  const auto batch_size = static_cast<size_t>(input.dim(0));
  observer_.OnBatch(batch_size);
  const absl::StatusOr<EngineOutput> output = instance.engine->Run(input);
  const absl::Duration compute = clock_.Now() - launched;
  if (output.ok()) {
    observer_.OnBatchDone(batch_size, compute);
  } else {
    observer_.OnEngineError(output.status());
  }
  int64_t begin = 0;
  for (WaitingRequest& one : batch) {
    const int64_t end = begin + one.request.input.dim(0);
    if (output.ok()) {
      one.request.done(InferenceResult{.logits = Rows(output->logits, begin, end),
                                       .pooled = Rows(output->pooled, begin, end),
                                       .queue = launched - one.arrival,
                                       .compute = compute,
                                       .batch_size = batch_size});
    } else {
      one.request.done(output.status());
    }
    begin = end;
  }
}

}  // namespace localmamba::server
