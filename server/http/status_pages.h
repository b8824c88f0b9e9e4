// /metrics, /livez and /readyz.
#ifndef LOCALMAMBA_SERVER_HTTP_STATUS_PAGES_H_
#define LOCALMAMBA_SERVER_HTTP_STATUS_PAGES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/http/http_server.h"
#include "server/metrics/server_metrics.h"
#include "server/runtime/lifecycle.h"

namespace localmamba::server {

struct ServedStatus {
  std::string model;
  int64_t version = 0;
  size_t instances = 1;
  size_t max_batch_size = 1;
  std::vector<std::pair<size_t, absl::Duration>> batch_cost;  // how long batches take, by size
};

// /metrics: everything in `metrics`. /livez: 200 as long as the process answers, but 503 with the
// reason after lifecycle.Fail. /readyz: 200 if `lifecycle` is ready, else 503, with a JSON object
// {"ready", "phase", "error" after a failure, "models"} that lists each of `models`. `models` is
// asked while `lifecycle` is past loading, from several threads. The references outlive the pages.
HttpPages StatusPages(const ServerMetrics& metrics, const Lifecycle& lifecycle,
                      std::function<std::vector<ServedStatus>()> models);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_HTTP_STATUS_PAGES_H_
