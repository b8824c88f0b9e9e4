#include "server/rpc/admission.h"

#include <grpcpp/server_context.h>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

absl::Status CheckServing(const Lifecycle& lifecycle) {
  const Phase phase = lifecycle.phase();
  if (phase == Phase::kLoading || phase == Phase::kStopping) {
    return Reject(RejectReason::kDraining,
                  absl::UnavailableError(absl::StrCat("the server is ", ToString(phase))));
  }
  if (const absl::Status failure = lifecycle.failure(); !failure.ok()) {
    return Reject(
        RejectReason::kDeviceLost,
        absl::UnavailableError(absl::StrCat(
            "the server's device has failed, it must be restarted: ", failure.message())));
  }
  return absl::OkStatus();
}

}  // namespace

Admission::Admission(const Options& options, const Lifecycle& lifecycle, Clock& clock)
    : lifecycle_(lifecycle),
      client_key_(options.client_key),
      bytes_(options.max_in_flight_bytes),
      requests_(options.max_in_flight_requests),
      streams_(options.max_streams) {
  if (options.client_rate.has_value()) {
    rate_ = std::make_unique<RateLimiter>(*options.client_rate, clock);
  }
}

std::string Admission::ClientOf(const grpc::ServerContextBase& context) const {
  if (rate_ == nullptr) return "";
  if (client_key_.empty()) {
    const std::string peer = context.peer();  // as in "ipv4:127.0.0.1:50051"
    return peer.substr(0, peer.rfind(':'));
  }
  const auto value = context.client_metadata().find(client_key_);
  return value == context.client_metadata().end()
             ? ""
             : std::string(value->second.data(), value->second.size());
}

absl::StatusOr<Admission::Ticket> Admission::Admit(const std::string& client, size_t bytes) {
  LM_RETURN_IF_ERROR(CheckServing(lifecycle_));
  LM_RETURN_IF_ERROR(CheckRate(client));
  if (!requests_.TryTake(1)) {
    return Reject(
        RejectReason::kTooManyRequests,
        absl::ResourceExhaustedError(absl::StrCat(
            "too many requests are in flight: max_in_flight_requests is ", requests_.limit())));
  }
  Ticket ticket(*this, 0);
  LM_RETURN_IF_ERROR(ticket.Add(bytes));
  return ticket;
}

absl::Status Admission::Ticket::Add(size_t bytes) {
  LM_RETURN_IF_ERROR(owner_->TakeBytes(bytes));
  bytes_ += static_cast<int64_t>(bytes);
  return absl::OkStatus();
}

absl::Status Admission::TakeBytes(size_t bytes) {
  if (bytes <= static_cast<size_t>(bytes_.limit()) && bytes_.TryTake(static_cast<int64_t>(bytes))) {
    return absl::OkStatus();
  }
  return Reject(RejectReason::kTooManyBytes,
                absl::ResourceExhaustedError(
                    absl::StrCat("requests in flight hold too much memory: ", bytes,
                                 " bytes came, max_in_flight_bytes is ", bytes_.limit())));
}

absl::Status Admission::CheckRate(const std::string& client) {
  if (rate_ == nullptr) return absl::OkStatus();
  const absl::Duration wait = rate_->Take(client);
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  return Reject(RejectReason::kClientRate,
                RetryAfter(wait, absl::ResourceExhaustedError(absl::StrCat(
                                     "this client asks too often: the next request is allowed in ",
                                     absl::FormatDuration(wait)))));
}

}  // namespace localmamba::server
