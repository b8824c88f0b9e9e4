#include "server/batching/batch_runner.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/device_error.h"

namespace localmamba::server {
namespace {

// Nobody tells that the caller of a request that waits has left.
constexpr absl::Duration kLookForCancelled = absl::Milliseconds(100);

// Rows [begin, end) of a (B, ...) tensor; empty if the tensor is.
Tensor Rows(const Tensor& batch, int64_t begin, int64_t end) {
  return batch.empty() ? Tensor() : batch.Slice(0, begin, end);
}

// The images of `batch`: a single request's as they are, several ones' copied to `space`.
ConstTensorView Gather(const Batch& batch, const Buffer& space) {
  const ConstTensorView& first = batch.requests.front().request.input;
  if (batch.requests.size() == 1) return first;
  auto* end = static_cast<std::byte*>(space.data());
  for (const WaitingRequest& one : batch.requests) {
    std::memcpy(end, one.request.input.raw_data(), one.request.bytes());
    end += one.request.bytes();
  }
  Shape shape = first.shape();
  shape[0] = static_cast<int64_t>(batch.images());
  return {space.data(), first.dtype(), shape, Device::Cpu()};
}

std::optional<EngineDetections> Rows(const std::optional<EngineDetections>& batch, int64_t begin,
                                     int64_t end) {
  if (!batch.has_value()) return std::nullopt;
  return EngineDetections{.boxes = Rows(batch->boxes, begin, end),
                          .scores = Rows(batch->scores, begin, end),
                          .classes = Rows(batch->classes, begin, end),
                          .counts = Rows(batch->counts, begin, end),
                          .mask_logits = Rows(batch->mask_logits, begin, end)};
}

// Of all images of `batch`; none if its requests have none.
std::vector<int32_t> GatherSizes(const Batch& batch) {
  std::vector<int32_t> sizes;
  for (const WaitingRequest& one : batch.requests) {
    const ConstTensorView& own = one.request.sizes;
    if (!own.empty()) {
      sizes.insert(sizes.end(), own.data<int32_t>(), own.data<int32_t>() + own.elements());
    }
  }
  return sizes;
}

size_t CountAbandoned(const Batch& batch, absl::Time now) {
  return static_cast<size_t>(
      std::count_if(batch.requests.begin(), batch.requests.end(), [now](const WaitingRequest& one) {
        return !CheckWanted(one.request.context, now, "the network").ok();
      }));
}

// Gives each request its rows of the output.
void Answer(Batch batch, const EngineOutput& output, absl::Time launched, absl::Duration compute) {
  const size_t batch_size = batch.images();
  int64_t begin = 0;
  for (WaitingRequest& one : batch.requests) {
    const int64_t end = begin + one.request.input.dim(0);
    one.request.done(InferenceResult{.logits = Rows(output.logits, begin, end),
                                     .pooled = Rows(output.pooled, begin, end),
                                     .detections = Rows(output.detections, begin, end),
                                     .queue = launched - one.arrival,
                                     .compute = compute,
                                     .batch_size = batch_size});
    begin = end;
  }
}

// Takes out of `batch` whom nobody waits for any more.
void RemoveUnwanted(Batch& batch, absl::Time now, std::vector<UnwantedRequest>& unwanted) {
  std::vector<WaitingRequest> wanted;
  for (WaitingRequest& one : batch.requests) {
    absl::Status status = CheckWanted(one.request.context, now, "the network");
    if (status.ok()) {
      wanted.push_back(std::move(one));
    } else {
      unwanted.push_back({std::move(one.request), std::move(status)});
    }
  }
  batch.requests = std::move(wanted);
}

}  // namespace

absl::StatusOr<std::unique_ptr<BatchRunner>> BatchRunner::Start(
    absl::Span<const std::unique_ptr<Engine>> engines, std::unique_ptr<const BatchPolicy> policy,
    const Options& options, DeviceTurns& device, Allocator& host_allocator, Clock& clock,
    BatchObserver& observer) {
  LM_CHECK(!engines.empty());
  std::vector<Instance> instances;
  for (const std::unique_ptr<Engine>& engine : engines) {
    LM_ASSIGN_OR_RETURN(
        Buffer images, host_allocator.Allocate(policy->max_batch_size() * options.max_image_bytes));
    instances.push_back({engine.get(), std::move(images)});
  }
  return std::unique_ptr<BatchRunner>(
      new BatchRunner(std::move(instances), std::move(policy), options, device, clock, observer));
}

BatchRunner::BatchRunner(std::vector<Instance> instances, std::unique_ptr<const BatchPolicy> policy,
                         const Options& options, DeviceTurns& device, Clock& clock,
                         BatchObserver& observer)
    : instances_(std::move(instances)),
      max_image_bytes_(options.max_image_bytes),
      max_batch_size_(policy->max_batch_size()),
      device_(device),
      member_(device, options.weight),
      clock_(clock),
      observer_(observer),
      scheduler_(std::move(policy), options.queue, options.costs, instances_.size()) {
  for (size_t i = 0; i < instances_.size(); ++i) {
    threads_.emplace_back([this, i] { Work(i); });
  }
}

BatchRunner::~BatchRunner() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    ++changes_;
  }
  for (std::thread& thread : threads_) thread.join();
}

void BatchRunner::Refuse(std::vector<UnwantedRequest> unwanted, ShedStage stage) {
  for (UnwantedRequest& one : unwanted) {
    observer_.OnShed(stage, one.status);
    one.request.done(std::move(one.status));
  }
}

absl::Status BatchRunner::Offer(const Prospect& prospect) {
  absl::Status status;
  {
    MutexLock lock(mu_);
    status = scheduler_.Offer(prospect, clock_.Now());
  }
  if (!status.ok()) observer_.OnShed(ShedStage::kOffer, status);
  return status;
}

absl::Status BatchRunner::Enqueue(BatchRequest&& request) {
  LM_CHECK(request.input.rank() == 4 && request.input.IsDense() && request.images() > 0 &&
           request.images() <= max_batch_size_ &&
           request.bytes() <= request.images() * max_image_bytes_);
  LM_CHECK(request.sizes.empty() || request.sizes.shape() == Shape({request.input.dim(0), 2}));
  std::vector<UnwantedRequest> unwanted;
  absl::Status status;
  {
    MutexLock lock(mu_);
    status = scheduler_.Push(std::move(request), clock_.Now(), unwanted);
    ++changes_;
    TellQueue();
  }
  if (!status.ok()) observer_.OnShed(ShedStage::kQueue, status);
  Refuse(std::move(unwanted), ShedStage::kLaunch);
  return status;
}

std::vector<CostTable::Point> BatchRunner::costs() const {
  MutexLock lock(mu_);
  return scheduler_.costs().points();
}

void BatchRunner::TellQueue() {
  observer_.OnQueue(scheduler_.queue().requests(), scheduler_.queue().bytes());
}

std::list<Batch>::iterator BatchRunner::FindFailed(size_t instance) {
  const bool any = stopping_ || instances_.size() == 1;
  return std::find_if(failed_.begin(), failed_.end(),
                      [&](const Batch& batch) { return any || batch.failed_on != instance; });
}

BatchDecision BatchRunner::Decide(absl::Time now) const {
  return stopping_ ? scheduler_.DecideToEmpty() : scheduler_.Decide(now);
}

BatchRunner::Step BatchRunner::NextStep(size_t instance, Turn& turn) {
  MutexLock lock(mu_);
  while (true) {
    const absl::Time now = clock_.Now();
    Step step{.unwanted = scheduler_.RemoveUnwanted(now)};
    for (Batch& batch : failed_) RemoveUnwanted(batch, now, step.unwanted);
    std::erase_if(failed_, [](const Batch& batch) { return batch.requests.empty(); });
    if (!step.unwanted.empty()) TellQueue();

    const auto failed = FindFailed(instance);
    const BatchDecision decision = failed == failed_.end() ? Decide(now) : BatchDecision();
    const size_t images = failed == failed_.end() ? decision.launch : failed->images();
    if (images == 0) {
      turn.reset();
      if (!step.unwanted.empty()) return step;
      step.stop = stopping_ && scheduler_.queue().empty();
      if (step.stop) return step;
      const uint64_t seen = changes_;
      const absl::Time look =
          scheduler_.queue().empty() ? absl::InfiniteFuture() : now + kLookForCancelled;
      clock_.AwaitUntil(
          mu_, [&] { return changes_ != seen; }, std::min(decision.wake, look));
      continue;
    }
    const absl::Duration cost = scheduler_.costs().CostOf(images);
    if (!turn.has_value()) {
      std::optional<DeviceTurns::Turn> taken = device_.TryTake(member_, cost);
      if (!taken.has_value()) {
        step.turn_to_await = cost;
        return step;
      }
      turn.emplace(*std::move(taken));
    }
    if (failed == failed_.end()) {
      step.batch = Batch{.requests = scheduler_.Take(decision)};
    } else {
      step.batch = std::move(*failed);
      failed_.erase(failed);
    }
    scheduler_.Began(instance, images, now);
    ++changes_;  // the others have waited for another queue than is left
    TellQueue();
    return step;
  }
}

void BatchRunner::Work(size_t instance) {
  Turn turn;
  while (true) {
    Step step = NextStep(instance, turn);
    Refuse(std::move(step.unwanted), ShedStage::kLaunch);
    if (step.stop) return;
    if (step.turn_to_await.has_value()) turn.emplace(device_.Take(member_, *step.turn_to_await));
    if (step.batch.has_value()) Run(instance, *std::move(step.batch), turn);
  }
}

void BatchRunner::Run(size_t instance, Batch batch, Turn& turn) {
  Engine& engine = *instances_[instance].engine;
  const absl::Time launched = clock_.Now();
  const ConstTensorView input = Gather(batch, instances_[instance].images);
  const auto images = static_cast<size_t>(input.dim(0));
  observer_.OnLaunch({.images = images,
                      .padding = static_cast<size_t>(engine.PaddedBatch(input.dim(0))) - images,
                      .abandoned = CountAbandoned(batch, launched),
                      .again = batch.failed_on.has_value()});
  const std::vector<int32_t> sizes = GatherSizes(batch);
  const ConstTensorView sizes_view(sizes.data(), DType::kInt32, {input.dim(0), 2});
  const absl::StatusOr<EngineOutput> output =
      engine.Run(input, sizes.empty() ? ConstTensorView() : sizes_view);
  const absl::Duration compute = clock_.Now() - launched;
  turn->Finish(compute);
  turn.reset();
  observer_.OnFinish(output.status(),
                     {.images = images,
                      .requests = batch.requests.size(),
                      .compute = compute,
                      .copy_in = output.ok() ? output->copy_in_time : absl::ZeroDuration(),
                      .copy_out = output.ok() ? output->copy_out_time : absl::ZeroDuration()});
  {
    MutexLock lock(mu_);
    scheduler_.Ended(instance, launched + compute);
    if (output.ok()) scheduler_.Observe(images, compute);
  }
  if (output.ok()) {
    Answer(std::move(batch), *output, launched, compute);
  } else {
    RunAgain(instance, std::move(batch), output.status());
  }
}

void BatchRunner::RunAgain(size_t instance, Batch batch, const absl::Status& status) {
  if (!IsStickyDeviceError(status)) {
    MutexLock lock(mu_);
    std::vector<Batch> parts = BatchesInPlaceOf(batch, instance, instances_.size());
    if (!parts.empty()) {
      failed_.insert(failed_.end(), std::make_move_iterator(parts.begin()),
                     std::make_move_iterator(parts.end()));
      ++changes_;
      return;
    }
  }
  for (WaitingRequest& one : batch.requests) one.request.done(status);
}

}  // namespace localmamba::server
