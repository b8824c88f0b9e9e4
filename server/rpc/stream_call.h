// A server-streaming RPC whose messages come about over time.
#ifndef LOCALMAMBA_SERVER_RPC_STREAM_CALL_H_
#define LOCALMAMBA_SERVER_RPC_STREAM_CALL_H_

#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kernels/base/mutex.h"
#include "server/jobs/job_watchers.h"
#include "server/metrics/server_metrics.h"
#include "server/rpc/admin_call.h"
#include "server/rpc/status_conversion.h"

namespace localmamba::server {

enum class StreamStep : uint8_t { kWrite, kWait, kEnd };

// Asks its source what to do next: at the start, after each message that was written, and, once the
// source has nothing, when the watched job changes or `poll` has passed. Owned by gRPC until the
// call is over; a watcher that is about to call it keeps it a little longer.
template <class Response>
class StreamCall final : public grpc::ServerWriteReactor<Response>,
                         public JobWatcher,
                         public std::enable_shared_from_this<StreamCall<Response>> {
 public:
  // Fills `next` for kWrite. An error ends the call. One thread calls at a time.
  using Source = absl::AnyInvocable<absl::StatusOr<StreamStep>(Response& next)>;

  // `method` as in "WatchJob". Give the result to gRPC after Begin.
  static std::shared_ptr<StreamCall> Create(std::string method, ServerMetrics& metrics,
                                            absl::Duration poll, Source source) {
    std::shared_ptr<StreamCall> call(
        new StreamCall(std::move(method), metrics, poll, std::move(source)));
    call->self_ = call;
    return call;
  }

  grpc::ServerWriteReactor<Response>* Begin() {
    Wake();
    return this;
  }

  void OnJobChanged() override { Wake(); }

 private:
  StreamCall(std::string method, ServerMetrics& metrics, absl::Duration poll, Source source)
      : method_(std::move(method)), metrics_(metrics), poll_(poll), source_(std::move(source)) {
    metrics_.RequestBegan(method_);
  }

  void Wake() ABSL_LOCKS_EXCLUDED(mu_) {
    {
      MutexLock lock(mu_);
      again_ = true;
      if (busy_) return;
      busy_ = true;
    }
    Continue();
  }

  // By the one thread that has set busy_, without locks: gRPC may call back at once.
  void Continue() ABSL_LOCKS_EXCLUDED(mu_) {
    while (true) {
      {
        MutexLock lock(mu_);
        again_ = false;
      }
      const absl::StatusOr<StreamStep> step =
          cancelled_ ? absl::CancelledError("the caller has left") : source_(next_);
      if (!step.ok() || *step == StreamStep::kEnd) return End(step.status());
      if (*step == StreamStep::kWrite) return this->StartWrite(&next_);
      MutexLock lock(mu_);
      if (again_) continue;
      busy_ = false;
      if (poll_ < absl::InfiniteDuration()) WakeLater();
      return;
    }
  }

  void WakeLater() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(absl::ToChronoTime(absl::Now() + poll_),
                [weak = this->weak_from_this()](bool expired) {
                  if (!expired) return;  // another has taken its place
                  if (const auto call = weak.lock()) call->Wake();
                });
  }

  // busy_ stays set, so nothing is written any more.
  void End(const absl::Status& status) {
    metrics_.RequestEnded(method_, WithReason(status));
    this->Finish(ToGrpcStatus(status));
  }

  void OnWriteDone(bool ok) override {
    if (!ok) cancelled_ = true;
    Continue();
  }
  void OnCancel() override {
    cancelled_ = true;
    Wake();
  }
  void OnDone() override { const std::shared_ptr<StreamCall> last = std::move(self_); }

  const std::string method_;
  ServerMetrics& metrics_;
  const absl::Duration poll_;
  Source source_;  // used by whoever has set busy_
  Response next_;  // likewise, and by gRPC while it writes
  std::atomic<bool> cancelled_ = false;
  std::shared_ptr<StreamCall> self_;  // until OnDone

  Mutex mu_;
  bool busy_ ABSL_GUARDED_BY(mu_) = false;   // a thread is in Continue, or gRPC writes or has ended
  bool again_ ABSL_GUARDED_BY(mu_) = false;  // woken since the source was asked
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_STREAM_CALL_H_
