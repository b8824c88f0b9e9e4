// Whether a request of the data port is taken at all, whatever it asks for.
#ifndef LOCALMAMBA_SERVER_RPC_ADMISSION_H_
#define LOCALMAMBA_SERVER_RPC_ADMISSION_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/runtime/byte_budget.h"
#include "server/runtime/lifecycle.h"

namespace localmamba::server {

// One for all services of the port; outlives their calls. Safe to call from several threads.
class Admission {
 public:
  struct Options {
    int64_t max_in_flight_bytes = int64_t{1} << 30;
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

   private:
    friend class Admission;
    Ticket(Admission& owner, int64_t bytes) : owner_(&owner), bytes_(bytes) {}

    Admission* owner_ = nullptr;
    int64_t bytes_ = 0;
  };

  Admission(const Options& options, const Lifecycle& lifecycle)
      : lifecycle_(lifecycle), bytes_(options.max_in_flight_bytes) {}

  // For a request whose message has `bytes`. Errors, each with its reject reason: UNAVAILABLE while
  // the server is loading or stopping, or once its device has failed; RESOURCE_EXHAUSTED if
  // requests in flight hold too many bytes.
  absl::StatusOr<Ticket> Admit(size_t bytes);

 private:
  void Leave(int64_t bytes) { bytes_.Return(bytes); }

  const Lifecycle& lifecycle_;
  ByteBudget bytes_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_ADMISSION_H_
