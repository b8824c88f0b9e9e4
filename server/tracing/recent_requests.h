// The requests that are worth a look: the slowest and the failed ones of late.
#ifndef LOCALMAMBA_SERVER_TRACING_RECENT_REQUESTS_H_
#define LOCALMAMBA_SERVER_TRACING_RECENT_REQUESTS_H_

#include <cstddef>
#include <deque>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "kernels/base/mutex.h"
#include "server/tracing/request_record.h"

namespace localmamba::server {

// Safe to use from several threads.
class RecentRequests {
 public:
  struct Options {
    size_t entries = 50;                        // of each kind, from 1
    absl::Duration window = absl::Minutes(10);  // how long slow ones are remembered
  };

  explicit RecentRequests(const Options& options) : options_(options) {}

  void Add(const RequestRecord& record) ABSL_LOCKS_EXCLUDED(mu_);

  // Those that arrived within the window before the last one, the slowest first.
  [[nodiscard]] std::vector<RequestRecord> Slowest() const ABSL_LOCKS_EXCLUDED(mu_);

  // The last that failed, the newest first.
  [[nodiscard]] std::vector<RequestRecord> Failed() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  const Options options_;
  mutable Mutex mu_;
  std::vector<RequestRecord> slowest_ ABSL_GUARDED_BY(mu_);  // the slowest first
  std::deque<RequestRecord> failed_ ABSL_GUARDED_BY(mu_);    // the newest first
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_TRACING_RECENT_REQUESTS_H_
