#include "server/batching/batch_queue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "server/batching/too_late.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

absl::Status Full(absl::string_view text) {
  return Reject(RejectReason::kBatchQueueFull, absl::ResourceExhaustedError(text));
}

bool ComesBefore(const WaitingRequest& a, const WaitingRequest& b) { return a.turn < b.turn; }

// Behind those of the same turn.
void Insert(std::deque<WaitingRequest>& waiting, WaitingRequest&& request) {
  waiting.insert(std::upper_bound(waiting.begin(), waiting.end(), request, ComesBefore),
                 std::move(request));
}

// Whether RemoveUnwanted has to do something about `waiting`.
bool IsDue(const WaitingRequest& waiting, absl::Time now, BatchQueue::LeastTime least_time) {
  return now >= waiting.timeout ||
         waiting.request.due < now + least_time(waiting.request.images()) ||
         !CheckWanted(waiting.request.context, now, "").ok();
}

// As many of a bucket as have their turn until `last_turn`.
template <class Requests>
BucketSnapshot SnapshotOf(const Requests& waiting, absl::Time last_turn) {
  BucketSnapshot snapshot{.oldest_arrival = absl::InfiniteFuture(),
                          .first_turn = waiting.front().turn};
  for (const WaitingRequest& one : waiting) {
    if (one.turn > last_turn) break;
    snapshot.images += one.request.images();
    snapshot.oldest_arrival = std::min(snapshot.oldest_arrival, one.arrival);
    snapshot.due.insert(snapshot.due.end(), one.request.images(), one.request.due);
  }
  return snapshot;
}

absl::Status TimedOut(const WaitingRequest& waiting) {
  const absl::Duration timeout = waiting.timeout - waiting.arrival;
  const bool own = waiting.request.scheduling.queue_timeout == timeout;
  const std::string text = absl::StrCat("waited for the ", own ? "request's" : "model's",
                                        " queue timeout, ", absl::FormatDuration(timeout));
  return Reject(RejectReason::kQueueTimeout,
                own ? absl::DeadlineExceededError(text) : absl::ResourceExhaustedError(text));
}

}  // namespace

absl::Status CheckScheduling(const Scheduling& scheduling, const QueueOptions& options) {
  if (scheduling.priority < 0 || scheduling.priority > options.priority_levels) {
    return InvalidRequest(absl::StrCat("priority: found ", scheduling.priority, ", wanted 1 to ",
                                       options.priority_levels, ", or 0 for the model's default"));
  }
  if (!scheduling.queue_timeout.has_value()) return absl::OkStatus();
  if (!options.allow_timeout_override) {
    return InvalidRequest("queue_timeout: found one, wanted none: the model does not allow it");
  }
  if (*scheduling.queue_timeout <= absl::ZeroDuration()) {
    return InvalidRequest(absl::StrCat("queue_timeout: found ",
                                       absl::FormatDuration(*scheduling.queue_timeout),
                                       ", wanted more than 0s"));
  }
  return absl::OkStatus();
}

absl::Status BatchQueue::Push(BatchRequest&& request, absl::Time now) {
  if (requests_ >= options_.max_requests) {
    return Full(absl::StrCat("the model's queue is full: ", requests_,
                             " requests wait, max_queue_requests is ", options_.max_requests));
  }
  const size_t bytes = request.bytes();
  if (bytes_ + bytes > options_.max_bytes) {
    return Full(absl::StrCat("the model's queue is full: ", bytes_, " bytes wait and ", bytes,
                             " came, max_queue_bytes is ", options_.max_bytes));
  }
  LM_CHECK(CheckScheduling(request.scheduling, options_).ok());
  const absl::Duration timeout =
      std::min(options_.timeout, request.scheduling.queue_timeout.value_or(options_.timeout));
  ++requests_;
  bytes_ += bytes;
  Bucket& bucket = BucketOf(request.kind());
  const absl::Time turn = TurnOf(request.scheduling, now);
  Insert(bucket.waiting,
         {.request = std::move(request), .arrival = now, .turn = turn, .timeout = now + timeout});
  return absl::OkStatus();
}

BatchQueue::Bucket& BatchQueue::BucketOf(const ImageKind& kind) {
  for (Bucket& bucket : buckets_) {
    if (bucket.kind == kind) return bucket;
  }
  return buckets_.emplace_back(Bucket{.kind = kind, .waiting = {}});
}

absl::Time BatchQueue::TurnOf(const Scheduling& scheduling, absl::Time now) const {
  const int level = scheduling.priority == 0 ? options_.default_priority : scheduling.priority;
  return now + (level - 1) * options_.priority_ageing;
}

absl::Status BatchQueue::CheckWaiting(WaitingRequest& waiting, absl::Time now,
                                      LeastTime least_time) const {
  const BatchRequest& request = waiting.request;
  LM_RETURN_IF_ERROR(CheckWanted(request.context, now, "the network"));
  if (request.due < now + least_time(request.images())) {
    return TooLate(request.due, request.context.deadline);
  }
  if (now < waiting.timeout) return absl::OkStatus();
  if (options_.timeout_action == QueueOptions::TimeoutAction::kReject) return TimedOut(waiting);
  // As if it came now with a level below the lowest: behind all that wait, but not for ever.
  waiting.turn = now + options_.priority_levels * options_.priority_ageing;
  waiting.timeout = absl::InfiniteFuture();
  return absl::OkStatus();
}

std::vector<UnwantedRequest> BatchQueue::RemoveUnwanted(absl::Time now, LeastTime least_time) {
  std::vector<UnwantedRequest> unwanted;
  for (Bucket& bucket : buckets_) {
    const auto is_due = [&](const WaitingRequest& waiting) {
      return IsDue(waiting, now, least_time);
    };
    if (std::none_of(bucket.waiting.begin(), bucket.waiting.end(), is_due)) continue;
    std::deque<WaitingRequest> wanted;
    for (WaitingRequest& waiting : bucket.waiting) {
      absl::Status status = CheckWaiting(waiting, now, least_time);
      if (status.ok()) {
        Insert(wanted, std::move(waiting));
      } else {
        Forget(waiting);
        unwanted.push_back({std::move(waiting.request), std::move(status)});
      }
    }
    bucket.waiting = std::move(wanted);
  }
  std::erase_if(buckets_, [](const Bucket& bucket) { return bucket.waiting.empty(); });
  return unwanted;
}

void BatchQueue::Forget(const WaitingRequest& waiting) {
  --requests_;
  bytes_ -= waiting.request.bytes();
}

std::vector<WaitingRequest> BatchQueue::Pop(size_t bucket, size_t images) {
  LM_CHECK(bucket < buckets_.size());
  std::deque<WaitingRequest>& waiting = buckets_[bucket].waiting;
  std::vector<WaitingRequest> front;
  size_t taken = 0;
  while (!waiting.empty() &&
         (front.empty() || taken + waiting.front().request.images() <= images)) {
    taken += waiting.front().request.images();
    Forget(waiting.front());
    front.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
  if (waiting.empty()) buckets_.erase(buckets_.begin() + static_cast<std::ptrdiff_t>(bucket));
  return front;
}

std::vector<BucketSnapshot> BatchQueue::Snapshot() const {
  std::vector<BucketSnapshot> buckets;
  for (const Bucket& bucket : buckets_) {
    buckets.push_back(SnapshotOf(bucket.waiting, absl::InfiniteFuture()));
  }
  return buckets;
}

BatchQueue::Ahead BatchQueue::AheadOf(const ImageKind& kind, const Scheduling& scheduling,
                                      absl::Time now) const {
  const absl::Time turn = TurnOf(scheduling, now);
  Ahead ahead{.buckets = {}, .own = buckets_.size()};
  for (const Bucket& bucket : buckets_) {
    if (bucket.waiting.front().turn > turn) continue;
    if (bucket.kind == kind) ahead.own = ahead.buckets.size();
    ahead.buckets.push_back(SnapshotOf(bucket.waiting, turn));
  }
  return ahead;
}

absl::Time BatchQueue::NextTimeout() const {
  absl::Time next = absl::InfiniteFuture();
  for (const Bucket& bucket : buckets_) {
    for (const WaitingRequest& waiting : bucket.waiting) {
      next = std::min({next, waiting.timeout, waiting.request.context.deadline});
    }
  }
  return next;
}

}  // namespace localmamba::server
