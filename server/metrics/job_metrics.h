// What is counted of training jobs, under the names that docs/operations.md lists.
#ifndef LOCALMAMBA_SERVER_METRICS_JOB_METRICS_H_
#define LOCALMAMBA_SERVER_METRICS_JOB_METRICS_H_

#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <string>

namespace localmamba::server {

// Safe to call from several threads, for different jobs.
class JobMetrics {
 public:
  // Adds its families to `registry`, which outlives it and holds none of the same name.
  explicit JobMetrics(prometheus::Registry& registry);

  // `state` as in "running".
  void SetCount(const std::string& state, int64_t jobs);

  // Of a running job: share of its steps that are done, and the last report.
  void SetProgress(const std::string& job, double ratio, double images_per_second, double loss);

  // Ends the series of a job, if it has any; so only running jobs have some.
  void Forget(const std::string& job);

 private:
  prometheus::Family<prometheus::Gauge>& jobs_;
  prometheus::Family<prometheus::Gauge>& progress_ratio_;
  prometheus::Family<prometheus::Gauge>& images_per_second_;
  prometheus::Family<prometheus::Gauge>& loss_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_METRICS_JOB_METRICS_H_
