#include "client/cpp/retrying_call.h"

#include <optional>
#include <utility>

#include "absl/random/random.h"
#include "absl/time/clock.h"

namespace localmamba::client {

std::shared_ptr<RunningCall> RetryingCall::Start(Attempt attempt, absl::Time deadline,
                                                 const RetryOptions& options,
                                                 std::shared_ptr<RetryBudget> budget, Done done) {
  auto call = std::make_shared<RetryingCall>(std::move(attempt), deadline, options,
                                             std::move(budget), std::move(done));
  call->Begin();
  return call;
}

RetryingCall::RetryingCall(Attempt attempt, absl::Time deadline, const RetryOptions& options,
                           std::shared_ptr<RetryBudget> budget, Done done)
    : attempt_(std::move(attempt)),
      deadline_(deadline),
      options_(options),
      budget_(std::move(budget)),
      done_(std::move(done)) {}

void RetryingCall::Cancel() {
  std::shared_ptr<grpc::ClientContext> context;
  {
    const std::lock_guard lock(mu_);
    cancelled_ = true;
    context = context_;
    if (pause_ != nullptr) pause_->Cancel();
  }
  if (context != nullptr) context->TryCancel();
}

void RetryingCall::Begin() {
  auto context = std::make_shared<grpc::ClientContext>();
  context->set_deadline(absl::ToChronoTime(deadline_));
  {
    const std::lock_guard lock(mu_);
    if (cancelled_) context->TryCancel();
    context_ = context;
  }
  ++attempts_;
  attempt_(*context,
           [self = shared_from_this()](const absl::Status& status) { self->End(status); });
}

void RetryingCall::End(const absl::Status& status) {
  if (status.ok()) {
    budget_->Earn();
  } else if (TryAgain(status)) {
    return;
  }
  done_(status);
}

bool RetryingCall::TryAgain(const absl::Status& status) {
  absl::BitGen random;
  const std::optional<absl::Duration> delay =
      RetryDelay(status, attempts_ + 1, options_, absl::Uniform(random, 0.0, 1.0));
  if (!delay.has_value()) return false;
  const absl::Time next = absl::Now() + *delay;
  if (next >= deadline_ || !budget_->TrySpend()) return false;
  const std::lock_guard lock(mu_);
  if (cancelled_) return false;
  pause_ = std::make_unique<grpc::Alarm>();
  pause_->Set(absl::ToChronoTime(next),
              [self = shared_from_this()](bool passed) { self->Resume(passed); });
  return true;
}

void RetryingCall::Resume(bool pause_passed) {
  {
    const std::lock_guard lock(mu_);
    pause_.reset();  // whose callback holds this object
  }
  if (pause_passed) {
    Begin();
  } else {
    done_(absl::CancelledError("the caller has cancelled the call"));
  }
}

}  // namespace localmamba::client
