#include "server/http/status_pages.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace localmamba::server {
namespace {

HttpReply Live(const absl::Status& failure) {
  if (failure.ok()) return {.body = "live\n"};
  return {.status = 503, .body = absl::StrCat("failed: ", failure.message(), "\n")};
}

HttpReply Started(Phase phase) {
  if (phase != Phase::kLoading) return {.body = "started\n"};
  return {.status = 503, .body = "loading\n"};
}

HttpReply Ready(const Lifecycle& lifecycle, const ModelsStatus& models) {
  const absl::Status failure = lifecycle.failure();
  const bool ready = lifecycle.ready();
  nlohmann::ordered_json body = {{"ready", ready},
                                 {"phase", std::string(ToString(lifecycle.phase()))}};
  if (!failure.ok()) body["error"] = std::string(failure.message());
  body["models"] = nlohmann::ordered_json::array();
  for (const ServedStatus& model : models.served) {
    nlohmann::ordered_json batch_ms = nlohmann::ordered_json::object();
    for (const auto& [images, cost] : model.batch_cost) {
      batch_ms[absl::StrCat(images)] = absl::ToDoubleMilliseconds(cost);
    }
    body["models"].push_back({{"model", model.model},
                              {"version", model.version},
                              {"ready", ready},
                              {"instances", model.instances},
                              {"max_batch_size", model.max_batch_size},
                              {"batch_ms", batch_ms}});
  }
  body["failed"] = nlohmann::ordered_json::array();
  for (const FailedStatus& failed : models.failed) {
    body["failed"].push_back(
        {{"model", failed.model}, {"version", failed.version}, {"error", failed.error}});
  }
  return {
      .status = ready ? 200 : 503, .content_type = "application/json", .body = body.dump() + "\n"};
}

}  // namespace

HttpPages StatusPages(const ServerMetrics& metrics, const Lifecycle& lifecycle,
                      std::function<ModelsStatus()> models) {
  HttpPages pages;
  pages["/metrics"] = [&metrics]() -> HttpReply {
    return {.status = 200,
            .content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = metrics.Text()};
  };
  pages["/livez"] = [&lifecycle] { return Live(lifecycle.failure()); };
  pages["/startupz"] = [&lifecycle] { return Started(lifecycle.phase()); };
  pages["/readyz"] = [&lifecycle, models = std::move(models)]() -> HttpReply {
    return Ready(lifecycle, lifecycle.phase() == Phase::kLoading ? ModelsStatus() : models());
  };
  return pages;
}

}  // namespace localmamba::server
