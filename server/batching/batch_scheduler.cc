#include "server/batching/batch_scheduler.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "server/batching/forecast.h"
#include "server/batching/too_late.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

Prospect ProspectOf(const BatchRequest& request) {
  return {.kind = request.kind(),
          .images = request.images(),
          .scheduling = request.scheduling,
          .due = request.due,
          .deadline = request.context.deadline};
}

// Without a cost or a backlog nothing is known; the caller gets the default advice.
absl::Status Advise(absl::Duration backlog, absl::Status status) {
  return backlog > absl::ZeroDuration() ? RetryAfter(backlog, std::move(status)) : status;
}

}  // namespace

BatchScheduler::BatchScheduler(std::unique_ptr<const BatchPolicy> policy, const QueueOptions& queue,
                               CostTable costs, size_t engines)
    : policy_(std::move(policy)),
      queue_(queue),
      costs_(std::move(costs)),
      engines_free_(engines, absl::InfinitePast()) {
  LM_CHECK(engines > 0);
}

absl::Status BatchScheduler::Offer(const Prospect& prospect, absl::Time now) {
  absl::Status status = CheckInTime(prospect, now);
  arrivals_.Observe(prospect.images, now);
  return status;
}

absl::Status BatchScheduler::CheckInTime(const Prospect& prospect, absl::Time now) const {
  if (!ShedsEarly(now)) return absl::OkStatus();
  BatchQueue::Ahead ahead = queue_.AheadOf(prospect.kind, prospect.scheduling, now);
  const Arrival arrival = {.images = prospect.images, .due = prospect.due};
  const QueueSnapshot snapshot = SnapshotWith(std::move(ahead.buckets), now);
  if (policy_->Admits(snapshot, ahead.own, arrival, costs_, now)) return absl::OkStatus();
  return WithAdvice(TooLate(prospect.due, prospect.deadline), now);
}

absl::Status BatchScheduler::Push(BatchRequest&& request, absl::Time now,
                                  std::vector<UnwantedRequest>& unwanted) {
  LM_RETURN_IF_ERROR(CheckInTime(ProspectOf(request), now));
  absl::Status status = queue_.Push(std::move(request), now);
  if (status.ok()) return status;
  unwanted = RemoveUnwanted(now);
  if (!unwanted.empty()) status = queue_.Push(std::move(request), now);
  return WithAdvice(std::move(status), now);
}

std::vector<UnwantedRequest> BatchScheduler::RemoveUnwanted(absl::Time now) {
  const bool sheds_early = ShedsEarly(now);
  const auto least_time = [&](size_t images) {
    return sheds_early ? policy_->LeastTime(images, costs_) : absl::ZeroDuration();
  };
  std::vector<UnwantedRequest> unwanted = queue_.RemoveUnwanted(now, least_time);
  std::optional<absl::Duration> backlog;  // the same for all
  for (UnwantedRequest& one : unwanted) {
    if (!absl::IsResourceExhausted(one.status)) continue;
    if (!backlog.has_value()) backlog = Backlog(now);
    one.status = Advise(*backlog, std::move(one.status));
  }
  return unwanted;
}

BatchDecision BatchScheduler::Decide(absl::Time now) const {
  if (queue_.empty()) return {};
  BatchDecision decision = policy_->Decide(SnapshotWith(queue_.Snapshot(), now), costs_, now);
  if (decision.launch == 0) decision.wake = std::min(decision.wake, queue_.NextTimeout());
  return decision;
}

BatchDecision BatchScheduler::DecideToEmpty() const {
  if (queue_.empty()) return {};
  return {.launch = std::min(queue_.Snapshot().front().images, policy_->max_batch_size())};
}

std::vector<WaitingRequest> BatchScheduler::Take(const BatchDecision& decision) {
  return queue_.Pop(decision.bucket, decision.launch);
}

void BatchScheduler::Began(size_t engine, size_t images, absl::Time now) {
  engines_free_[engine] = now + costs_.CostOf(images);
  believed_until_ = std::max(believed_until_, engines_free_[engine] + kBelief);
}

void BatchScheduler::Ended(size_t engine, absl::Time now) {
  engines_free_[engine] = now;
  believed_until_ = std::max(believed_until_, now + kBelief);
}

QueueSnapshot BatchScheduler::SnapshotWith(std::vector<BucketSnapshot> buckets,
                                           absl::Time now) const {
  return {.buckets = std::move(buckets),
          .engines_free = engines_free_,
          .images_per_second = arrivals_.PerSecond(now)};
}

absl::Duration BatchScheduler::Backlog(absl::Time now) const {
  return BacklogTime(SnapshotWith(queue_.Snapshot(), now), policy_->max_batch_size(), costs_, now);
}

absl::Status BatchScheduler::WithAdvice(absl::Status status, absl::Time now) const {
  return absl::IsResourceExhausted(status) ? Advise(Backlog(now), std::move(status)) : status;
}

}  // namespace localmamba::server
