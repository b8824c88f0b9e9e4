#include "server/batching/batch_queue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

absl::Status Full(absl::string_view text) {
  return Reject(RejectReason::kBatchQueueFull, absl::ResourceExhaustedError(text));
}

absl::Status Invalid(absl::string_view text) {
  return Reject(RejectReason::kInvalidRequest, absl::InvalidArgumentError(text));
}

Shape ImageShape(const ConstTensorView& input) {
  return {input.dim(1), input.dim(2), input.dim(3)};
}

bool ComesBefore(const WaitingRequest& a, const WaitingRequest& b) { return a.turn < b.turn; }

// Behind those of the same turn.
void Insert(std::deque<WaitingRequest>& waiting, WaitingRequest&& request) {
  waiting.insert(std::upper_bound(waiting.begin(), waiting.end(), request, ComesBefore),
                 std::move(request));
}

// Whether RemoveUnwanted has to do something about `waiting`.
bool IsDue(const WaitingRequest& waiting, absl::Time now) {
  return now >= waiting.timeout || !CheckWanted(waiting.request.context, now, "").ok();
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
    return Invalid(absl::StrCat("priority: found ", scheduling.priority, ", wanted 1 to ",
                                options.priority_levels, ", or 0 for the model's default"));
  }
  if (!scheduling.queue_timeout.has_value()) return absl::OkStatus();
  if (!options.allow_timeout_override) {
    return Invalid("queue_timeout: found one, wanted none: the model does not allow it");
  }
  if (*scheduling.queue_timeout <= absl::ZeroDuration()) {
    return Invalid(absl::StrCat("queue_timeout: found ",
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
  const int level =
      request.scheduling.priority == 0 ? options_.default_priority : request.scheduling.priority;
  const absl::Duration timeout =
      std::min(options_.timeout, request.scheduling.queue_timeout.value_or(options_.timeout));
  ++requests_;
  bytes_ += bytes;
  Bucket& bucket = BucketOf(request.input);
  Insert(bucket.waiting, {.request = std::move(request),
                          .arrival = now,
                          .turn = now + (level - 1) * options_.priority_ageing,
                          .timeout = now + timeout});
  return absl::OkStatus();
}

BatchQueue::Bucket& BatchQueue::BucketOf(const ConstTensorView& input) {
  const Shape image = ImageShape(input);
  for (Bucket& bucket : buckets_) {
    if (bucket.dtype == input.dtype() && bucket.image == image) return bucket;
  }
  return buckets_.emplace_back(Bucket{.dtype = input.dtype(), .image = image, .waiting = {}});
}

absl::Status BatchQueue::CheckWaiting(WaitingRequest& waiting, absl::Time now) const {
  absl::Status status = CheckWanted(waiting.request.context, now, "the network");
  if (!status.ok() || now < waiting.timeout) return status;
  if (options_.timeout_action == QueueOptions::TimeoutAction::kReject) return TimedOut(waiting);
  // As if it came now with a level below the lowest: behind all that wait, but not for ever.
  waiting.turn = now + options_.priority_levels * options_.priority_ageing;
  waiting.timeout = absl::InfiniteFuture();
  return absl::OkStatus();
}

std::vector<UnwantedRequest> BatchQueue::RemoveUnwanted(absl::Time now) {
  std::vector<UnwantedRequest> unwanted;
  for (Bucket& bucket : buckets_) {
    if (std::none_of(bucket.waiting.begin(), bucket.waiting.end(),
                     [now](const WaitingRequest& waiting) { return IsDue(waiting, now); })) {
      continue;
    }
    std::deque<WaitingRequest> wanted;
    for (WaitingRequest& waiting : bucket.waiting) {
      absl::Status status = CheckWaiting(waiting, now);
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

QueueSnapshot BatchQueue::Snapshot() const {
  QueueSnapshot snapshot;
  for (const Bucket& bucket : buckets_) {
    BucketSnapshot& of_bucket = snapshot.emplace_back();
    of_bucket.oldest_arrival = absl::InfiniteFuture();
    of_bucket.first_turn = bucket.waiting.front().turn;
    for (const WaitingRequest& waiting : bucket.waiting) {
      of_bucket.images += waiting.request.images();
      of_bucket.oldest_arrival = std::min(of_bucket.oldest_arrival, waiting.arrival);
    }
  }
  return snapshot;
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
