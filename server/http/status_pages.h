// /metrics, /livez, /startupz and /readyz.
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

struct FailedStatus {
  std::string model;
  int64_t version = 0;  // 0: the model's folder could not be read
  std::string error;
};

struct ModelsStatus {
  std::vector<ServedStatus> served;
  std::vector<FailedStatus> failed;  // to load, when that was last tried
};

// /metrics: everything in `metrics`. /livez: 200 as long as the process answers, but 503 with the
// reason after lifecycle.Fail. /startupz: 503 while `lifecycle` is loading, then 200. /readyz: 200
// if `lifecycle` is ready, else 503, with a JSON object {"ready", "phase", "error" after a failure,
// "models", "failed"} that lists what `models` returns; its fields are those above. `models` is
// asked while `lifecycle` is past loading, from several threads. The references outlive the pages.
HttpPages StatusPages(const ServerMetrics& metrics, const Lifecycle& lifecycle,
                      std::function<ModelsStatus()> models);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_HTTP_STATUS_PAGES_H_
