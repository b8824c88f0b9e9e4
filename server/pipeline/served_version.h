// A version of a model, with the queue in front of it and the series it is measured by.
#ifndef LOCALMAMBA_SERVER_PIPELINE_SERVED_VERSION_H_
#define LOCALMAMBA_SERVER_PIPELINE_SERVED_VERSION_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "server/batching/batch_runner.h"
#include "server/batching/fifo_policy.h"
#include "server/metrics/server_metrics.h"
#include "server/repository/model_version.h"
#include "server/runtime/clock.h"

namespace localmamba::server {

// Safe to use from several threads.
class ServedVersion final : private BatchObserver {
 public:
  struct Options {
    FifoPolicy::Options batching;
    QueueLimits queue;
  };

  // Starts the version's batch runner. The references outlive it.
  // Errors: RESOURCE_EXHAUSTED if there is no memory for a batch of pixels.
  static absl::StatusOr<std::unique_ptr<ServedVersion>> Start(std::shared_ptr<ModelVersion> model,
                                                              const Options& options,
                                                              Allocator& host_allocator,
                                                              Clock& clock, ServerMetrics& metrics);
  ServedVersion(const ServedVersion&) = delete;
  ServedVersion& operator=(const ServedVersion&) = delete;
  ~ServedVersion() override;  // runs what waits, then stops

  [[nodiscard]] const ModelVersion& model() const { return *model_; }
  [[nodiscard]] const VersionMetrics& metrics() const { return metrics_; }
  [[nodiscard]] int64_t num_classes() const;
  [[nodiscard]] BatchRunner& runner() { return *runner_; }

 private:
  ServedVersion(std::shared_ptr<ModelVersion> model, const VersionMetrics& metrics)
      : model_(std::move(model)), metrics_(metrics) {}

  void OnBatch(size_t images) override;
  void OnQueueLength(size_t requests) override;

  const std::shared_ptr<ModelVersion> model_;
  const VersionMetrics metrics_;
  std::unique_ptr<BatchRunner> runner_;  // set once by Start
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_SERVED_VERSION_H_
