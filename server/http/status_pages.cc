#include "server/http/status_pages.h"

#include <utility>

#include "nlohmann/json.hpp"

namespace localmamba::server {
namespace {

HttpReply Ready(Phase phase, const std::vector<ModelName>& models) {
  const bool ready = phase == Phase::kServing;
  nlohmann::ordered_json body = {{"ready", ready}, {"phase", std::string(ToString(phase))}};
  body["models"] = nlohmann::ordered_json::array();
  for (const ModelName& model : models) {
    body["models"].push_back(
        {{"model", model.model}, {"version", model.version}, {"ready", ready}});
  }
  return {
      .status = ready ? 200 : 503, .content_type = "application/json", .body = body.dump() + "\n"};
}

}  // namespace

HttpPages StatusPages(const ServerMetrics& metrics, const Lifecycle& lifecycle,
                      std::function<std::vector<ModelName>()> models) {
  HttpPages pages;
  pages["/metrics"] = [&metrics]() -> HttpReply {
    return {.status = 200,
            .content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = metrics.Text()};
  };
  pages["/livez"] = []() -> HttpReply { return {.body = "live\n"}; };
  pages["/readyz"] = [&lifecycle, models = std::move(models)]() -> HttpReply {
    const Phase phase = lifecycle.phase();
    return Ready(phase, phase == Phase::kLoading ? std::vector<ModelName>() : models());
  };
  return pages;
}

}  // namespace localmamba::server
