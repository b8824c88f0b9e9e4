// Whether a request of the data port is taken at all, whatever it asks for.
#ifndef LOCALMAMBA_SERVER_RPC_ADMISSION_H_
#define LOCALMAMBA_SERVER_RPC_ADMISSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/rpc/open_streams.h"
#include "server/runtime/budget.h"
#include "server/runtime/clock.h"
#include "server/runtime/lifecycle.h"
#include "server/runtime/rate_limiter.h"

namespace grpc {
class ServerContextBase;
}

namespace localmamba::server {

// One for all services of the port; outlives their calls. Safe to call from several threads.
class Admission {
 public:
  struct Options {
    int64_t max_in_flight_bytes = int64_t{1} << 30;
    int64_t max_in_flight_requests = 4096;
    size_t max_streams = 1000;
    // Of each client; unset: as often as it likes.
    std::optional<RateLimiter::Options> client_rate;
    // Key of the metadata that tells clients apart, those without it being one; "": the address.
    std::string client_key;
  };

  // What an admitted request holds until it is destroyed. Move-only.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), bytes_(other.bytes_) {}
    Ticket& operator=(Ticket&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Ticket() {
      if (owner_ != nullptr) owner_->Leave(bytes_);
    }

    // Of a ticket that was admitted: takes more bytes, which the message had not shown.
    // Errors: RESOURCE_EXHAUSTED, with its reject reason, if they are not left.
    absl::Status Add(size_t bytes);

   private:
    friend class Admission;
    Ticket(Admission& owner, int64_t bytes) : owner_(&owner), bytes_(bytes) {}

    Admission* owner_ = nullptr;
    int64_t bytes_ = 0;
  };

  // The references outlive the admission.
  Admission(const Options& options, const Lifecycle& lifecycle, Clock& clock);

  // What tells the caller of `context` from others, for Admit; "" if that makes no difference.
  [[nodiscard]] std::string ClientOf(const grpc::ServerContextBase& context) const;

  // For a request of `client` whose message has `bytes`. Errors, each with its reject reason:
  // UNAVAILABLE while the server is loading or stopping, or once its device has failed;
  // RESOURCE_EXHAUSTED if the client asks too often, or requests in flight are too many or hold too
  // many bytes.
  absl::StatusOr<Ticket> Admit(const std::string& client, size_t bytes);

  // Every stream of the port is one of them.
  [[nodiscard]] OpenStreams& streams() { return streams_; }

 private:
  absl::Status CheckRate(const std::string& client);
  absl::Status TakeBytes(size_t bytes);
  void Leave(int64_t bytes) {
    bytes_.Return(bytes);
    requests_.Return(1);
  }

  const Lifecycle& lifecycle_;
  const std::string client_key_;
  std::unique_ptr<RateLimiter> rate_;  // none: unlimited
  Budget bytes_;
  Budget requests_;
  OpenStreams streams_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_ADMISSION_H_
