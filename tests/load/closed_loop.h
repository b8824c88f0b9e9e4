// Callers that ask again as soon as they are answered.
#ifndef LOCALMAMBA_TESTS_LOAD_CLOSED_LOOP_H_
#define LOCALMAMBA_TESTS_LOAD_CLOSED_LOOP_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kernels/base/mutex.h"

namespace localmamba {

// `Request` and `Response` are those of a unary method.
template <class Request, class Response>
class ClosedLoop {
 public:
  // Begins a call, by one of the connections.
  using Begin = std::function<void(grpc::ClientContext*, const Request*, Response*,
                                   std::function<void(grpc::Status)>)>;

  // `connections` share the `in_flight` callers.
  ClosedLoop(std::vector<Begin> connections, Request request, size_t in_flight)
      : connections_(std::move(connections)), request_(std::move(request)), callers_(in_flight) {}

  // Answers per second in `window`, after `warm_up`. `error` is set if a call failed.
  double Run(absl::Duration warm_up, absl::Duration window, grpc::Status& error) {
    running_ = true;
    active_ = callers_.size();
    for (size_t i = 0; i < callers_.size(); ++i) Ask(i);
    absl::SleepFor(warm_up);
    const uint64_t before = answered_;
    const absl::Time start = absl::Now();
    absl::SleepFor(window);
    const uint64_t after = answered_;
    const absl::Duration took = absl::Now() - start;
    running_ = false;
    MutexLock lock(mu_);
    mu_.Await([this] { return active_ == 0; });
    error = error_;
    return static_cast<double>(after - before) / absl::ToDoubleSeconds(took);
  }

 private:
  struct Caller {
    std::unique_ptr<grpc::ClientContext> context;
    Response response;
  };

  void Ask(size_t index) {
    Caller& caller = callers_[index];
    caller.context = std::make_unique<grpc::ClientContext>();
    connections_[index % connections_.size()](
        caller.context.get(), &request_, &caller.response,
        [this, index](const grpc::Status& status) { Answered(index, status); });
  }

  void Answered(size_t index, const grpc::Status& status) {
    ++answered_;
    if (status.ok() && running_) return Ask(index);
    MutexLock lock(mu_);
    if (!status.ok()) error_ = status;
    --active_;
  }

  const std::vector<Begin> connections_;
  const Request request_;
  std::vector<Caller> callers_;
  std::atomic<bool> running_ = false;
  std::atomic<uint64_t> answered_ = 0;
  Mutex mu_;
  size_t active_ = 0;   // guarded by mu_, as is the next
  grpc::Status error_;  // of the last call that failed
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_LOAD_CLOSED_LOOP_H_
