// A version of a model, with the queue in front of it and the series it is measured by.
#ifndef LOCALMAMBA_SERVER_PIPELINE_SERVED_VERSION_H_
#define LOCALMAMBA_SERVER_PIPELINE_SERVED_VERSION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kernels/device/buffer.h"
#include "server/batching/batch_runner.h"
#include "server/batching/classic_policy.h"
#include "server/batching/cost_table.h"
#include "server/batching/device_turns.h"
#include "server/metrics/inference_statistics.h"
#include "server/metrics/server_metrics.h"
#include "server/pipeline/response_cache.h"
#include "server/repository/model_version.h"
#include "server/runtime/clock.h"

namespace localmamba::server {

// Safe to use from several threads.
class ServedVersion final : private BatchObserver {
 public:
  struct Options {
    ClassicPolicy::Options batching;
    // By when every request is to be answered, from its arrival on. If more than 0, the version is
    // batched by SloPolicy: of `batching` only max_batch_size counts.
    absl::Duration latency_goal;
    QueueOptions queue;
    // Outlives the versions; nullptr for none.
    ResponseCache* response_cache = nullptr;
    double weight = 1;  // of its share in the device
    // Told of a sticky device error (kernels/device/device_error.h), from several threads; may be
    // empty.
    std::function<void(const absl::Status&)> on_device_lost;
  };

  // Starts the version's batch runner. The references outlive it.
  // Errors: RESOURCE_EXHAUSTED if there is no memory for a batch of pixels.
  static absl::StatusOr<std::unique_ptr<ServedVersion>> Start(std::shared_ptr<ModelVersion> model,
                                                              const Options& options,
                                                              DeviceTurns& device,
                                                              Allocator& host_allocator,
                                                              Clock& clock, ServerMetrics& metrics);
  ServedVersion(const ServedVersion&) = delete;
  ServedVersion& operator=(const ServedVersion&) = delete;
  ~ServedVersion() override;  // runs what waits, then stops

  [[nodiscard]] const ModelVersion& model() const { return *model_; }
  [[nodiscard]] const VersionMetrics& metrics() const { return metrics_; }
  [[nodiscard]] InferenceStatistics& statistics() { return statistics_; }
  [[nodiscard]] const InferenceStatistics& statistics() const { return statistics_; }
  // As configured, or less if memory does not suffice.
  [[nodiscard]] size_t max_batch_size() const { return max_batch_size_; }
  // As LargestInput.
  [[nodiscard]] const InputSize& input_size() const { return input_size_; }
  // What the network takes of a picture; of one whose size is not known, if that matters, the
  // largest.
  [[nodiscard]] ImageKind image_kind() const {
    const auto [height, width] = input_size_;
    if (model_->spec.keep_ratio.has_value()) return {DType::kFloat32, {3, height, width}};
    return {DType::kUInt8, {height, width, 3}};
  }
  // Errors: INVALID_ARGUMENT, with a reject reason, naming what the version's queue does not allow.
  [[nodiscard]] absl::Status Check(const Scheduling& scheduling) const {
    return CheckScheduling(scheduling, queue_);
  }
  // Nullptr without a response cache.
  [[nodiscard]] VersionResponses* responses() { return responses_.get(); }
  // By when a request is to be answered that came at `arrival`.
  [[nodiscard]] absl::Time DueTime(absl::Time arrival, absl::Time deadline) const {
    return std::min(deadline, arrival + latency_goal_);
  }
  [[nodiscard]] BatchRunner& runner() { return *runner_; }
  // How long batches take, by size, as it is known now.
  [[nodiscard]] std::vector<CostTable::Point> costs() const { return runner_->costs(); }

 private:
  ServedVersion(std::shared_ptr<ModelVersion> model, const Options& options,
                ServerMetrics& metrics);

  void OnQueue(size_t requests, size_t bytes) override;
  void OnShed(ShedStage stage, const absl::Status& why) override;
  void OnLaunch(const LaunchedBatch& batch) override;
  void OnFinish(const absl::Status& status, const FinishedBatch& batch) override;

  const std::shared_ptr<ModelVersion> model_;
  const BatchMetrics::Labels labels_;
  BatchMetrics& batch_metrics_;
  const VersionMetrics metrics_;
  InferenceStatistics statistics_;
  const InputSize input_size_;
  const size_t max_batch_size_;
  const QueueOptions queue_;
  const absl::Duration latency_goal_;  // infinite without one
  const std::function<void(const absl::Status&)> on_device_lost_;
  const std::unique_ptr<VersionResponses> responses_;
  std::unique_ptr<BatchRunner> runner_;  // set once by Start
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_SERVED_VERSION_H_
