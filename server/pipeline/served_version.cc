#include "server/pipeline/served_version.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/device_error.h"
#include "server/batching/slo_policy.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {

namespace {

std::unique_ptr<const BatchPolicy> MakePolicy(const ServedVersion::Options& options,
                                              size_t max_batch_size) {
  if (options.latency_goal > absl::ZeroDuration()) {
    return std::make_unique<SloPolicy>(max_batch_size);
  }
  ClassicPolicy::Options batching = options.batching;
  batching.max_batch_size = max_batch_size;
  std::erase_if(batching.preferred_batch_sizes, [&](size_t size) { return size > max_batch_size; });
  return std::make_unique<ClassicPolicy>(batching);
}

CostTable CostsOf(const ModelVersion& model) {
  std::vector<CostTable::Point> points;
  for (const WarmBatch& batch : model.warm_batches) {
    points.push_back({static_cast<size_t>(batch.images), batch.cost});
  }
  return CostTable(std::move(points));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServedVersion>> ServedVersion::Start(
    std::shared_ptr<ModelVersion> model, const Options& options, DeviceTurns& device,
    Allocator& host_allocator, Clock& clock, ServerMetrics& metrics) {
  std::unique_ptr<ServedVersion> served(new ServedVersion(std::move(model), options, metrics));
  const auto [height, width] = served->input_size();
  const size_t max_image_bytes = static_cast<size_t>(3 * height * width) * sizeof(float);
  LM_ASSIGN_OR_RETURN(
      served->runner_,
      BatchRunner::Start(served->model_->engines, MakePolicy(options, served->max_batch_size()),
                         {.max_image_bytes = max_image_bytes,
                          .queue = options.queue,
                          .costs = CostsOf(*served->model_),
                          .weight = options.weight},
                         device, host_allocator, clock, *served));
  served->metrics_.max_batch_size.Set(static_cast<double>(served->max_batch_size()));
  return served;
}

ServedVersion::ServedVersion(std::shared_ptr<ModelVersion> model, const Options& options,
                             ServerMetrics& metrics)
    : model_(std::move(model)),
      labels_({{"model", model_->model}, {"version", absl::StrCat(model_->version)}}),
      batch_metrics_(metrics.batching()),
      metrics_(metrics.ForVersion(model_->model, model_->version)),
      input_size_(LargestInput(model_->spec)),
      max_batch_size_(
          std::min(options.batching.max_batch_size, static_cast<size_t>(model_->max_batch_size))),
      queue_(options.queue),
      latency_goal_(options.latency_goal > absl::ZeroDuration() ? options.latency_goal
                                                                : absl::InfiniteDuration()),
      on_device_lost_(options.on_device_lost),
      responses_(options.response_cache == nullptr
                     ? nullptr
                     : std::make_unique<VersionResponses>(*options.response_cache, model_->model,
                                                          model_->version)) {
  metrics_.loaded.Increment();
}

ServedVersion::~ServedVersion() {
  runner_.reset();
  metrics_.loaded.Decrement();
}

void ServedVersion::OnQueue(size_t requests, size_t bytes) {
  metrics_.queue_length.Set(static_cast<double>(requests));
  metrics_.batching.queue_bytes.Set(static_cast<double>(bytes));
}

void ServedVersion::OnShed(ShedStage stage, const absl::Status& why) {
  batch_metrics_.CountShed(labels_, std::string(ToString(stage)),
                           std::string(ToString(ReasonOf(why))));
}

void ServedVersion::OnLaunch(const LaunchedBatch& batch) {
  metrics_.batch_size.Observe(static_cast<double>(batch.images));
  metrics_.batching.batches_in_flight.Increment();
  metrics_.batching.padding_images.Increment(static_cast<double>(batch.padding));
  metrics_.batching.abandoned.Increment(static_cast<double>(batch.abandoned));
  if (batch.again) metrics_.batching.reruns.Increment();
}

void ServedVersion::OnFinish(const absl::Status& status, const FinishedBatch& batch) {
  metrics_.batching.batches_in_flight.Decrement();
  if (status.ok()) {
    metrics_.batching.copy_in_seconds.Observe(absl::ToDoubleSeconds(batch.copy_in));
    metrics_.batching.copy_out_seconds.Observe(absl::ToDoubleSeconds(batch.copy_out));
    return statistics_.CountBatch({.images = batch.images,
                                   .requests = batch.requests,
                                   .infer = batch.compute,
                                   .copy_in = batch.copy_in,
                                   .copy_out = batch.copy_out});
  }
  metrics_.batching.failures.Increment();
  if (IsStickyDeviceError(status) && on_device_lost_ != nullptr) on_device_lost_(status);
}

}  // namespace localmamba::server
