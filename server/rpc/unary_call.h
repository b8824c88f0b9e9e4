// The part of a unary RPC that is the same for every method.
#ifndef LOCALMAMBA_SERVER_RPC_UNARY_CALL_H_
#define LOCALMAMBA_SERVER_RPC_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/metrics/server_metrics.h"
#include "server/rpc/status_conversion.h"
#include "server/runtime/byte_budget.h"
#include "server/runtime/call_context.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {

// Counts the call, tells its work when the caller leaves, and ends it. Owned by gRPC: it deletes
// itself when the call is over.
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  // `method` as in "Classify".
  UnaryCall(std::string method, ServerMetrics& metrics)
      : method_(std::move(method)), metrics_(metrics) {
    metrics_.RequestBegan(method_);
  }

  [[nodiscard]] CallContext ContextOf(const grpc::CallbackServerContext& context) const {
    return {.deadline = absl::FromChrono(context.deadline()), .cancelled = cancelled_};
  }

  // Takes `bytes` of `budget`, which outlives the call, until the call is over. Call it once at
  // most. Errors: RESOURCE_EXHAUSTED if they are not left.
  absl::Status Hold(ByteBudget& budget, size_t bytes) {
    const auto wanted = static_cast<int64_t>(bytes);
    if (!budget.TryTake(wanted)) {
      return Reject(RejectReason::kTooManyBytes,
                    absl::ResourceExhaustedError(
                        absl::StrCat("requests in flight hold too much memory: ", bytes,
                                     " bytes came, max_in_flight_bytes is ", budget.limit())));
    }
    budget_ = &budget;
    held_bytes_ = wanted;
    return absl::OkStatus();
  }

  // Sends the response if `status` is OK, else the error. The last use of this object and of the
  // request and response.
  void End(const absl::Status& status) {
    metrics_.RequestEnded(method_, status);
    Finish(ToGrpcStatus(status));
  }

 private:
  void OnCancel() override { cancelled_->store(true, std::memory_order_relaxed); }
  void OnDone() override {
    if (budget_ != nullptr) budget_->Return(held_bytes_);
    delete this;
  }

  const std::string method_;
  ServerMetrics& metrics_;
  ByteBudget* budget_ = nullptr;  // of held_bytes_
  int64_t held_bytes_ = 0;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_UNARY_CALL_H_
