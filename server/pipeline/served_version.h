// A version of a model, with the queue in front of it and the series it is measured by.
#ifndef LOCALMAMBA_SERVER_PIPELINE_SERVED_VERSION_H_
#define LOCALMAMBA_SERVER_PIPELINE_SERVED_VERSION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "server/batching/batch_runner.h"
#include "server/batching/classic_policy.h"
#include "server/metrics/inference_statistics.h"
#include "server/metrics/server_metrics.h"
#include "server/repository/model_version.h"
#include "server/runtime/clock.h"

namespace localmamba::server {

// Safe to use from several threads.
class ServedVersion final : private BatchObserver {
 public:
  struct Options {
    ClassicPolicy::Options batching;
    QueueOptions queue;
    // Told of a sticky device error (kernels/device/device_error.h), from several threads; may be
    // empty.
    std::function<void(const absl::Status&)> on_device_lost;
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
  [[nodiscard]] InferenceStatistics& statistics() { return statistics_; }
  [[nodiscard]] const InferenceStatistics& statistics() const { return statistics_; }
  [[nodiscard]] int64_t num_classes() const;
  // As configured, or less if memory does not suffice.
  [[nodiscard]] size_t max_batch_size() const { return max_batch_size_; }
  // Of one image the network sees: (crop_height, crop_width).
  [[nodiscard]] int64_t input_height() const { return model_->spec.preprocess.crop_height; }
  [[nodiscard]] int64_t input_width() const { return model_->spec.preprocess.crop_width; }
  // Errors: INVALID_ARGUMENT, with a reject reason, naming what the version's queue does not allow.
  [[nodiscard]] absl::Status Check(const Scheduling& scheduling) const {
    return CheckScheduling(scheduling, queue_);
  }
  [[nodiscard]] BatchRunner& runner() { return *runner_; }

 private:
  ServedVersion(std::shared_ptr<ModelVersion> model, const Options& options,
                const VersionMetrics& metrics);

  void OnBatch(size_t images) override;
  void OnBatchDone(size_t images, absl::Duration compute) override;
  void OnQueueLength(size_t requests) override;
  void OnEngineError(const absl::Status& status) override;

  const std::shared_ptr<ModelVersion> model_;
  const VersionMetrics metrics_;
  InferenceStatistics statistics_;
  const size_t max_batch_size_;
  const QueueOptions queue_;
  const std::function<void(const absl::Status&)> on_device_lost_;
  std::unique_ptr<BatchRunner> runner_;  // set once by Start
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_SERVED_VERSION_H_
