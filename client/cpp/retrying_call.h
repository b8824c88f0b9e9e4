// A call that is in progress, with its repetitions. Not part of the clients' interface, but for
// RunningCall.
#ifndef LOCALMAMBA_CLIENT_CPP_RETRYING_CALL_H_
#define LOCALMAMBA_CLIENT_CPP_RETRYING_CALL_H_

#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <mutex>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cpp/retry.h"
#include "client/cpp/running_call.h"

namespace localmamba::client {

// Lives until its end has been told, whoever holds it.
class RetryingCall final : public RunningCall, public std::enable_shared_from_this<RetryingCall> {
 public:
  // Starts an attempt in `context`, which is there until it has called `ended`, once and later.
  using Attempt = std::function<void(grpc::ClientContext& context,
                                     std::function<void(absl::Status status)> ended)>;
  using Done = absl::AnyInvocable<void(absl::Status status)>;

  // Calls `done` once, with how the last attempt ended.
  static std::shared_ptr<RunningCall> Start(Attempt attempt, absl::Time deadline,
                                            const RetryOptions& options,
                                            std::shared_ptr<RetryBudget> budget, Done done);

  RetryingCall(Attempt attempt, absl::Time deadline, const RetryOptions& options,
               std::shared_ptr<RetryBudget> budget, Done done);

  void Cancel() override;

 private:
  void Begin();
  void End(const absl::Status& status);
  // Whether a further attempt has been arranged.
  bool TryAgain(const absl::Status& status);
  // After the pause, or when it was cut short.
  void Resume(bool pause_passed);

  const Attempt attempt_;
  const absl::Time deadline_;
  const RetryOptions options_;
  const std::shared_ptr<RetryBudget> budget_;
  Done done_;
  int attempts_ = 0;  // used by one attempt after the other

  std::mutex mu_;  // guards the rest
  bool cancelled_ = false;
  std::shared_ptr<grpc::ClientContext> context_;  // of the latest attempt
  std::unique_ptr<grpc::Alarm> pause_;            // while there is one
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_RETRYING_CALL_H_
