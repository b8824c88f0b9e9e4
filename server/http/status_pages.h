// /metrics, /livez and /readyz.
#ifndef LOCALMAMBA_SERVER_HTTP_STATUS_PAGES_H_
#define LOCALMAMBA_SERVER_HTTP_STATUS_PAGES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/http/http_server.h"
#include "server/metrics/server_metrics.h"
#include "server/runtime/lifecycle.h"

namespace localmamba::server {

struct ModelName {
  std::string model;
  int64_t version = 0;
};

// /metrics: everything in `metrics`. /livez: 200 as long as the process answers. /readyz: 200 if
// `lifecycle` is serving, else 503, with a JSON object {"ready", "phase", "models"} that lists each
// of `models` and whether it is ready. `models` is asked while `lifecycle` is past loading, from
// several threads. The references outlive the pages.
HttpPages StatusPages(const ServerMetrics& metrics, const Lifecycle& lifecycle,
                      std::function<std::vector<ModelName>()> models);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_HTTP_STATUS_PAGES_H_
