// What is counted of the response cache, under the names that docs/operations.md lists.
#ifndef LOCALMAMBA_SERVER_METRICS_CACHE_METRICS_H_
#define LOCALMAMBA_SERVER_METRICS_CACHE_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <string>

namespace localmamba::server {

// Series of one version of one model. References into the registry, which outlives them.
struct VersionCacheMetrics {
  prometheus::Counter& hits;
  prometheus::Counter& misses;
};

// Safe to call from several threads.
class CacheMetrics {
 public:
  // Adds its families to `registry`, which outlives it and holds none of the same name.
  explicit CacheMetrics(prometheus::Registry& registry);

  // The same series for the same arguments.
  VersionCacheMetrics ForVersion(const std::string& model, int64_t version);

  // What the whole cache holds.
  [[nodiscard]] prometheus::Gauge& bytes() { return bytes_; }

 private:
  prometheus::Family<prometheus::Counter>& hits_;
  prometheus::Family<prometheus::Counter>& misses_;
  prometheus::Gauge& bytes_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_METRICS_CACHE_METRICS_H_
