#include "server/batching/batch_queue.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

size_t BytesOf(const BatchRequest& request) {
  return static_cast<size_t>(request.pixels.elements()) * SizeOf(request.pixels.dtype());
}

absl::Status Full(absl::string_view text) {
  return Reject(RejectReason::kBatchQueueFull, absl::ResourceExhaustedError(text));
}

}  // namespace

absl::Status BatchQueue::Push(BatchRequest&& request, absl::Time now) {
  if (waiting_.size() >= limits_.max_requests) {
    return Full(absl::StrCat("the model's queue is full: ", waiting_.size(),
                             " requests wait, max_queue_requests is ", limits_.max_requests));
  }
  const size_t bytes = BytesOf(request);
  if (bytes_ + bytes > limits_.max_bytes) {
    return Full(absl::StrCat("the model's queue is full: ", bytes_, " bytes wait and ", bytes,
                             " came, max_queue_bytes is ", limits_.max_bytes));
  }
  bytes_ += bytes;
  waiting_.push_back({std::move(request), now});
  return absl::OkStatus();
}

std::vector<UnwantedRequest> BatchQueue::RemoveUnwanted(absl::Time now) {
  std::vector<UnwantedRequest> unwanted;
  std::deque<WaitingRequest> wanted;
  for (WaitingRequest& waiting : waiting_) {
    absl::Status status = CheckWanted(waiting.request.context, now, "the network");
    if (status.ok()) {
      wanted.push_back(std::move(waiting));
    } else {
      bytes_ -= BytesOf(waiting.request);
      unwanted.push_back({std::move(waiting.request), std::move(status)});
    }
  }
  waiting_ = std::move(wanted);
  return unwanted;
}

std::vector<WaitingRequest> BatchQueue::PopFront(size_t count) {
  LM_CHECK(count <= waiting_.size());
  std::vector<WaitingRequest> front;
  front.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    bytes_ -= BytesOf(waiting_.front().request);
    front.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return front;
}

QueueSnapshot BatchQueue::Snapshot() const {
  LM_CHECK(!waiting_.empty());
  return {.requests = waiting_.size(), .oldest_arrival = waiting_.front().arrival};
}

}  // namespace localmamba::server
