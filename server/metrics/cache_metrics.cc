#include "server/metrics/cache_metrics.h"

#include <map>

#include "server/metrics/families.h"

namespace localmamba::server {

CacheMetrics::CacheMetrics(prometheus::Registry& registry)
    : hits_(Counters(registry, "localmamba_response_cache_hits_total",
                     "Images answered from the response cache")),
      misses_(Counters(registry, "localmamba_response_cache_misses_total",
                       "Images that were looked for in the response cache in vain")),
      bytes_(Gauges(registry, "localmamba_response_cache_bytes", "What the response cache holds")
                 .Add({})) {}

VersionCacheMetrics CacheMetrics::ForVersion(const std::string& model, int64_t version) {
  const std::map<std::string, std::string> labels = {{"model", model},
                                                     {"version", std::to_string(version)}};
  return {.hits = hits_.Add(labels), .misses = misses_.Add(labels)};
}

}  // namespace localmamba::server
