// What the driver says of the GPUs, under the names of Triton Inference Server.
#ifndef LOCALMAMBA_SERVER_METRICS_GPU_METRICS_H_
#define LOCALMAMBA_SERVER_METRICS_GPU_METRICS_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace localmamba::server {

// Of every GPU that NVML, the driver's library, shows to this process, with its `gpu_uuid`:
// nv_gpu_utilization, nv_gpu_power_usage, nv_gpu_power_limit, nv_gpu_memory_used_bytes,
// nv_gpu_memory_total_bytes and nv_energy_consumption. What a GPU does not tell is left out. Safe
// from several threads.
class GpuMetrics final : public prometheus::Collectable {
 public:
  // Loads NVML now, since machines without a GPU have none. Errors: NOT_FOUND if `library` cannot be
  // loaded; UNAVAILABLE, with NVML's reason, if it has no driver to talk to.
  static absl::StatusOr<std::unique_ptr<GpuMetrics>> Create(
      const std::string& library = "libnvidia-ml.so.1");
  ~GpuMetrics() override;

  // Asks the driver.
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  class Nvml;

  explicit GpuMetrics(std::unique_ptr<const Nvml> nvml);

  const std::unique_ptr<const Nvml> nvml_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_METRICS_GPU_METRICS_H_
