// The part of a unary RPC that is the same for every method.
#ifndef LOCALMAMBA_SERVER_RPC_UNARY_CALL_H_
#define LOCALMAMBA_SERVER_RPC_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/metrics/server_metrics.h"
#include "server/rpc/admission.h"
#include "server/rpc/status_conversion.h"
#include "server/runtime/call_context.h"
#include "server/runtime/steady_time.h"
#include "server/tracing/request_log.h"
#include "server/tracing/request_record.h"

namespace localmamba::server {

// Counts the call, tells its work when the caller leaves, and ends it. Owned by gRPC: it deletes
// itself when the call is over.
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  // `method` as in "Classify". `log` outlives the call; null: its record is kept nowhere.
  UnaryCall(std::string method, ServerMetrics& metrics, const RequestLog* log = nullptr)
      : method_(std::move(method)), metrics_(metrics), log_(log) {
    metrics_.RequestBegan(method_);
    record_.arrival = SteadyNow();
  }

  // For whoever knows more of the request than its method and how it ended.
  RequestRecord& record() { return record_; }

  [[nodiscard]] CallContext ContextOf(const grpc::CallbackServerContext& context) const {
    return {.deadline = ToSteady(context.deadline()), .cancelled = cancelled_};
  }

  // Holds `ticket` until the call is over. Call it once at most.
  Admission::Ticket& Keep(Admission::Ticket ticket) { return ticket_ = std::move(ticket); }

  // Sends the response if `status` is OK, else the error. The last use of this object and of the
  // request and response.
  void End(const absl::Status& status) {
    metrics_.RequestEnded(method_, status);
    if (log_ != nullptr) {
      record_.method = method_;
      record_.status = status;
      record_.total = SteadyNow() - record_.arrival;
      log_->Add(record_);
    }
    Finish(ToGrpcStatus(status));
  }

 private:
  void OnCancel() override { cancelled_->store(true, std::memory_order_relaxed); }
  void OnDone() override { delete this; }
  // Both reactions are short, so gRPC need not move them to another thread, which costs a fifth of
  // the processor time of a small request. gRPC has this hook for its own reactors.
  bool InternalInlineable() override { return true; }

  const std::string method_;
  ServerMetrics& metrics_;
  const RequestLog* const log_;
  RequestRecord record_;
  Admission::Ticket ticket_;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_UNARY_CALL_H_
