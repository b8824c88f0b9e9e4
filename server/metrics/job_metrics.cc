#include "server/metrics/job_metrics.h"

namespace localmamba::server {
namespace {

using Gauges = prometheus::Family<prometheus::Gauge>;

Gauges& Register(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

void Set(Gauges& family, const std::string& job, double value) {
  family.Add({{"job", job}}).Set(value);
}

void Remove(Gauges& family, const std::string& job) {
  if (family.Has({{"job", job}})) family.Remove(&family.Add({{"job", job}}));
}

}  // namespace

JobMetrics::JobMetrics(prometheus::Registry& registry)
    : jobs_(Register(registry, "localmamba_jobs", "Jobs, by state")),
      progress_ratio_(Register(registry, "localmamba_job_progress_ratio",
                               "Share of a running job's steps that are done, in its phase")),
      images_per_second_(Register(registry, "localmamba_job_images_per_second",
                                  "Images that a running job trains on in a second")),
      loss_(Register(registry, "localmamba_job_loss", "Last training loss of a running job")) {}

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
