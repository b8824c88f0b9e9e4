#include "server/metrics/load_metrics.h"

#include <map>

#include "server/metrics/families.h"

namespace localmamba::server {
namespace {

std::map<std::string, std::string> Labels(const std::string& model, int64_t version) {
  return {{"model", model}, {"version", version == 0 ? "" : std::to_string(version)}};
}

}  // namespace

LoadMetrics::LoadMetrics(prometheus::Registry& registry)
    : failures_(Counters(registry, "localmamba_model_load_failures_total",
                         "Attempts to load a version, or to read a model's folder, that failed")),
      failed_(Gauges(registry, "localmamba_model_load_failed",
                     "1 while the last attempt to load the version, or to read the model's "
                     "folder, has failed")) {}

void LoadMetrics::Failed(const std::string& model, int64_t version) {
  failures_.Add({{"model", model}}).Increment();
  failed_.Add(Labels(model, version)).Set(1);
}

void LoadMetrics::Forget(const std::string& model, int64_t version) {
  const std::map<std::string, std::string> labels = Labels(model, version);
  if (failed_.Has(labels)) failed_.Remove(&failed_.Add(labels));
}

}  // namespace localmamba::server
