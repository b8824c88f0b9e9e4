// What becomes of the records of requests: lines of the log, and the page of recent ones.
#ifndef LOCALMAMBA_SERVER_TRACING_REQUEST_LOG_H_
#define LOCALMAMBA_SERVER_TRACING_REQUEST_LOG_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "server/runtime/log.h"
#include "server/tracing/recent_requests.h"
#include "server/tracing/request_record.h"

namespace localmamba::server {

// As the log and /debug/requests show it: times in milliseconds.
nlohmann::ordered_json ToJson(const RequestRecord& record);

// Safe to use from several threads.
class RequestLog {
 public:
  struct Options {
    bool log_all = false;  // a line "request" for each
    // Those that take as long or longer get a line "slow request".
    absl::Duration slow_threshold = absl::InfiniteDuration();
  };

  // The references outlive this; `recent` may be null.
  RequestLog(const Options& options, const Log& log, RecentRequests* recent);

  // A new id for a request that came without; unlike that of any other process, as good as surely.
  std::string MakeId();

  void Add(const RequestRecord& record) const;

 private:
  const Options options_;
  const Log& log_;
  RecentRequests* const recent_;
  const uint64_t process_;  // random
  std::atomic<uint64_t> made_ids_ = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_TRACING_REQUEST_LOG_H_
