#include "server/pipeline/served_version.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "kernels/base/status_macros.h"
#include "kernels/device/device_error.h"

namespace localmamba::server {

absl::StatusOr<std::unique_ptr<ServedVersion>> ServedVersion::Start(
    std::shared_ptr<ModelVersion> model, const Options& options, Allocator& host_allocator,
    Clock& clock, ServerMetrics& metrics) {
  const VersionMetrics series = metrics.ForVersion(model->model, model->version);
  std::unique_ptr<ServedVersion> served(new ServedVersion(std::move(model), options, series));
  ClassicPolicy::Options batching = options.batching;
  batching.max_batch_size = served->max_batch_size();
  std::erase_if(batching.preferred_batch_sizes,
                [&](size_t size) { return size > batching.max_batch_size; });
  const auto max_image_bytes =
      static_cast<size_t>(3 * served->input_height() * served->input_width()) * sizeof(float);
  LM_ASSIGN_OR_RETURN(served->runner_,
                      BatchRunner::Start(served->model_->engines, max_image_bytes,
                                         std::make_unique<ClassicPolicy>(batching), options.queue,
                                         host_allocator, clock, *served));
  series.loaded.Set(1);
  series.max_batch_size.Set(static_cast<double>(served->max_batch_size()));
  return served;
}

ServedVersion::ServedVersion(std::shared_ptr<ModelVersion> model, const Options& options,
                             const VersionMetrics& metrics)
    : model_(std::move(model)),
      metrics_(metrics),
      max_batch_size_(
          std::min(options.batching.max_batch_size, static_cast<size_t>(model_->max_batch_size))),
      queue_(options.queue),
      on_device_lost_(options.on_device_lost) {}

ServedVersion::~ServedVersion() {
  runner_.reset();
  metrics_.loaded.Set(0);
}

int64_t ServedVersion::num_classes() const {
  return std::visit([](const auto& config) { return config.num_classes; }, model_->spec.network);
}

void ServedVersion::OnBatch(size_t images) {
  metrics_.batch_size.Observe(static_cast<double>(images));
}

void ServedVersion::OnBatchDone(size_t images, absl::Duration compute) {
  statistics_.CountBatch(images, compute);
}

void ServedVersion::OnQueueLength(size_t requests) {
  metrics_.queue_length.Set(static_cast<double>(requests));
}

void ServedVersion::OnEngineError(const absl::Status& status) {
  if (IsStickyDeviceError(status) && on_device_lost_ != nullptr) on_device_lost_(status);
}

}  // namespace localmamba::server
