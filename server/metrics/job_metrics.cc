#include "server/metrics/job_metrics.h"

#include "server/metrics/families.h"

namespace localmamba::server {
namespace {

using GaugeFamily = prometheus::Family<prometheus::Gauge>;

void Set(GaugeFamily& family, const std::string& job, double value) {
  family.Add({{"job", job}}).Set(value);
}

void Remove(GaugeFamily& family, const std::string& job) {
  if (family.Has({{"job", job}})) family.Remove(&family.Add({{"job", job}}));
}

}  // namespace

JobMetrics::JobMetrics(prometheus::Registry& registry)
    : jobs_(Gauges(registry, "localmamba_jobs", "Jobs, by state")),
      progress_ratio_(Gauges(registry, "localmamba_job_progress_ratio",
                             "Share of a running job's steps that are done, in its phase")),
      images_per_second_(Gauges(registry, "localmamba_job_images_per_second",
                                "Images that a running job trains on in a second")),
      loss_(Gauges(registry, "localmamba_job_loss", "Last training loss of a running job")) {}

void JobMetrics::SetCount(const std::string& state, int64_t jobs) {
  jobs_.Add({{"state", state}}).Set(static_cast<double>(jobs));
}

void JobMetrics::SetProgress(const std::string& job, double ratio, double images_per_second,
                             double loss) {
  Set(progress_ratio_, job, ratio);
  Set(images_per_second_, job, images_per_second);
  Set(loss_, job, loss);
}

void JobMetrics::Forget(const std::string& job) {
  Remove(progress_ratio_, job);
  Remove(images_per_second_, job);
  Remove(loss_, job);
}

}  // namespace localmamba::server
