// What is counted of models that cannot be loaded, under the names that docs/operations.md lists.
#ifndef LOCALMAMBA_SERVER_METRICS_LOAD_METRICS_H_
#define LOCALMAMBA_SERVER_METRICS_LOAD_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <string>

namespace localmamba::server {

// Safe to call from several threads, for different models. `version` 0 is the model as a whole.
class LoadMetrics {
 public:
  // Adds its families to `registry`, which outlives it and holds none of the same name.
  explicit LoadMetrics(prometheus::Registry& registry);

  // An attempt to load has failed.
  void Failed(const std::string& model, int64_t version);

  // The last failure is of no more concern: there is no series of it, if there was one.
  void Forget(const std::string& model, int64_t version);

 private:
  prometheus::Family<prometheus::Counter>& failures_;
  prometheus::Family<prometheus::Gauge>& failed_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_METRICS_LOAD_METRICS_H_
