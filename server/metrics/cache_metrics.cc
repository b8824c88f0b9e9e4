#include "server/metrics/cache_metrics.h"

#include <map>

namespace localmamba::server {

CacheMetrics::CacheMetrics(prometheus::Registry& registry)
    : hits_(prometheus::BuildCounter()
                .Name("localmamba_response_cache_hits_total")
                .Help("Images answered from the response cache")
                .Register(registry)),
      misses_(prometheus::BuildCounter()
                  .Name("localmamba_response_cache_misses_total")
                  .Help("Images that were looked for in the response cache in vain")
                  .Register(registry)),
      bytes_(prometheus::BuildGauge()
                 .Name("localmamba_response_cache_bytes")
                 .Help("What the response cache holds")
                 .Register(registry)
                 .Add({})) {}

VersionCacheMetrics CacheMetrics::ForVersion(const std::string& model, int64_t version) {
  const std::map<std::string, std::string> labels = {{"model", model},
                                                     {"version", std::to_string(version)}};
  return {.hits = hits_.Add(labels), .misses = misses_.Add(labels)};
}

}  // namespace localmamba::server
