#include "server/pipeline/served_version.h"

#include <utility>
#include <variant>

#include "kernels/base/status_macros.h"

namespace localmamba::server {

absl::StatusOr<std::unique_ptr<ServedVersion>> ServedVersion::Start(
    std::shared_ptr<ModelVersion> model, const Options& options, Allocator& host_allocator,
    Clock& clock, ServerMetrics& metrics) {
  const VersionMetrics series = metrics.ForVersion(model->model, model->version);
  std::unique_ptr<ServedVersion> served(new ServedVersion(std::move(model), series));
  const PreprocessConfig& preprocess = served->model_->spec.preprocess;
  LM_ASSIGN_OR_RETURN(served->runner_,
                      BatchRunner::Start(*served->model_->engine,
                                         {preprocess.crop_height, preprocess.crop_width, 3},
                                         std::make_unique<FifoPolicy>(options.batching),
                                         options.queue, host_allocator, clock, *served));
  series.loaded.Set(1);
  return served;
}

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

void ServedVersion::OnQueueLength(size_t requests) {
  metrics_.queue_length.Set(static_cast<double>(requests));
}

}  // namespace localmamba::server
