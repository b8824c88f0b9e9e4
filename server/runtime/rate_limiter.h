// How often each of many clients may ask.
#ifndef LOCALMAMBA_SERVER_RUNTIME_RATE_LIMITER_H_
#define LOCALMAMBA_SERVER_RUNTIME_RATE_LIMITER_H_

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "kernels/base/mutex.h"
#include "server/runtime/clock.h"

namespace localmamba::server {

// A bucket of tokens for each client: it holds `burst` at first and at most, and gets `rate` a second.
// Safe to call from several threads.
class RateLimiter {
 public:
  struct Options {
    double rate = 1;   // above 0
    double burst = 1;  // from 1
    // Beyond these the client that has not asked for longest is forgotten: its bucket is full again.
    size_t max_clients = 10'000;
  };

  // `clock` outlives the limiter.
  RateLimiter(const Options& options, Clock& clock);

  // Takes a token of `client` and returns zero; or takes nothing, if there is none, and returns how
  // long it takes until there is one.
  absl::Duration Take(const std::string& client) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Bucket {
    std::string client;
    absl::Time full;  // when it holds `burst` tokens again; may have passed
  };
  using Buckets = std::list<Bucket>;

  Buckets::iterator Find(const std::string& client) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const absl::Duration per_token_;
  const absl::Duration to_fill_;  // from empty
  const size_t max_clients_;
  Clock& clock_;

  Mutex mu_;
  Buckets buckets_ ABSL_GUARDED_BY(mu_);  // of who asked last, first
  std::unordered_map<std::string, Buckets::iterator> by_client_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_RATE_LIMITER_H_
