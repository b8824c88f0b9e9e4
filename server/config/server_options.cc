#include "server/config/server_options.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/device.h"
#include "kernels/device/stream.h"

namespace localmamba::server {
namespace {

constexpr char kDefaultJobsFolder[] = ".jobs";  // in the model repository

// Next to this program.
std::string DefaultTrainer() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path() / "localmamba_trainer").string();
}

// Without symbolic links, as far as the path exists, and without a "/" at the end.
std::filesystem::path Canonical(const std::string& path) {
  std::error_code error;
  const std::filesystem::path canonical =
      std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  return canonical.has_filename() ? canonical : canonical.parent_path();
}

// Folders in the repository are taken for models and versions, except `.jobs`.
absl::Status CheckJobsFolder(const std::string& jobs_folder, const std::string& model_repository) {
  const std::filesystem::path within =
      Canonical(jobs_folder).lexically_relative(Canonical(model_repository));
  if (within.empty() || *within.begin() == ".." || within == kDefaultJobsFolder) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "admin.jobs_folder: found \"", jobs_folder, "\", which is among the models of ",
      model_repository, ", wanted a folder elsewhere or ", kDefaultJobsFolder, " there"));
}

ServedVersion::Options ToServedOptions(
    const BatchingConfig& config, const std::function<void(const absl::Status&)>& device_lost) {
  ServedVersion::Options options{
      .batching = {.max_batch_size = static_cast<size_t>(config.max_batch_size),
                   .max_queue_delay = config.max_queue_delay,
                   .preferred_batch_sizes = {config.preferred_batch_sizes.begin(),
                                             config.preferred_batch_sizes.end()}},
      .latency_goal = config.latency_goal,
      .queue = {.max_requests = static_cast<size_t>(config.max_queue_requests),
                .max_bytes = static_cast<size_t>(config.max_queue_bytes),
                .priority_levels = config.priority_levels,
                .default_priority = config.default_priority,
                .priority_ageing = config.priority_ageing,
                .allow_timeout_override = config.allow_timeout_override},
      .weight = config.weight,
      .on_device_lost = device_lost};
  if (config.queue_timeout > absl::ZeroDuration()) options.queue.timeout = config.queue_timeout;
  if (config.delay_on_timeout) {
    options.queue.timeout_action = QueueOptions::TimeoutAction::kDelay;
  }
  return options;
}

int InstanceCount(const ComputeConfig& config, const Device& device) {
  if (config.instance_count > 0) return config.instance_count;
  return device.is_cpu() ? 1 : 2;
}

std::map<std::string, int64_t> MaxBatchSizes(const ServerConfig& config) {
  std::map<std::string, int64_t> sizes;
  for (const auto& [model, batching] : config.model_batching) {
    sizes[model] = batching.max_batch_size;
  }
  return sizes;
}

}  // namespace

absl::StatusOr<EngineOptions> ToEngineOptions(const ComputeConfig& config) {
  EngineOptions options;
  LM_ASSIGN_OR_RETURN(options.device, Device::Parse(config.device));
  if (config.dtype == "auto") {
    options.dtype = options.device.is_cpu() ? DType::kFloat32 : DType::kFloat16;
  } else {
    const absl::StatusOr<DType> dtype = ParseDType(config.dtype);
    if (!dtype.ok() || !IsFloat(*dtype)) {
      return absl::InvalidArgumentError(absl::StrCat("compute.dtype: found \"", config.dtype,
                                                     "\", wanted f32, f16, bf16 or auto"));
    }
    options.dtype = *dtype;
  }
  options.cpu_threads = config.cpu_threads;
  return options;
}

DecodeLimits ToDecodeLimits(const RequestLimits& config) {
  return {.max_bytes = static_cast<size_t>(config.max_image_bytes),
          .max_pixels = config.max_image_pixels,
          .max_side = config.max_image_side,
          .max_aspect_ratio = config.max_aspect_ratio};
}

Admission::Options ToAdmissionOptions(const RequestLimits& config) {
  Admission::Options options{.max_in_flight_bytes = config.max_in_flight_bytes,
                             .max_in_flight_requests = config.max_in_flight_requests,
                             .max_streams = static_cast<size_t>(config.max_streams),
                             .client_rate = {},
                             .client_key = config.client_key};
  if (config.client_rate > 0) {
    const bool automatic = config.client_burst == 0;
    options.client_rate = {
        .rate = config.client_rate,
        .burst = automatic ? std::max(config.client_rate, 1.0) : config.client_burst};
  }
  return options;
}

GrpcServer::Connections ToConnections(const ConnectionConfig& config) {
  return {.max_concurrent_calls = config.max_concurrent_calls,
          .max_metadata_bytes = config.max_metadata_bytes,
          .handshake_timeout = config.handshake_timeout,
          .keepalive_time = config.keepalive_time,
          .keepalive_timeout = config.keepalive_timeout,
          .min_ping_interval = config.min_ping_interval,
          .max_idle = config.max_idle,
          .max_age = config.max_age};
}

RequestLog::Options ToRequestLogOptions(const RequestLogConfig& config) {
  const bool any = config.slow_threshold > absl::ZeroDuration();
  return {.log_all = config.log_all,
          .slow_threshold = any ? config.slow_threshold : absl::InfiniteDuration()};
}

LoadOptions ToLoadOptions(const ServerConfig& config, const EngineOptions& engine) {
  return {.engine = engine,
          .instance_count = InstanceCount(config.compute, engine.device),
          .max_batch_size = config.batching.max_batch_size,
          .model_max_batch_sizes = MaxBatchSizes(config)};
}

ServedModels::Options ToServedOptions(const ServerConfig& config, const Device& device,
                                      ResponseCache* cache,
                                      const std::function<void(const absl::Status&)>& device_lost) {
  ServedModels::Options options{
      .defaults = ToServedOptions(config.batching, device_lost),
      .of_models = {},
      .batches_at_once = static_cast<size_t>(InstanceCount(config.compute, device))};
  for (const auto& [model, batching] : config.model_batching) {
    options.of_models.emplace(model, ToServedOptions(batching, device_lost));
  }
  options.defaults.response_cache = cache;
  for (auto& [model, of_model] : options.of_models) of_model.response_cache = cache;
  return options;
}

InferenceServiceOptions ToInferenceOptions(const ServerConfig& config) {
  return {.system_shared_memory = config.open_inference.system_shared_memory,
          .max_requests_per_stream = static_cast<size_t>(config.limits.max_frames_per_stream)};
}

ModelManager::Options ToManagerOptions(
    const RepositoryConfig& config, const std::function<void(const absl::Status&)>& device_lost) {
  RepositoryMode mode = RepositoryMode::kExplicit;
  if (config.mode == "none") mode = RepositoryMode::kNone;
  if (config.mode == "poll") mode = RepositoryMode::kPoll;
  return {.mode = mode, .strict_readiness = config.strict_readiness, .on_device_lost = device_lost};
}

absl::StatusOr<int> DecodeThreads(const RequestLimits& config) {
  // 0 means the same here as for a stream: as many as the process may use.
  LM_ASSIGN_OR_RETURN(const Stream stream, Stream::Create(Device::Cpu(), config.decode_threads));
  return stream.cpu_threads();
}

absl::StatusOr<AdminEndpoint::Options> ToAdminOptions(const ServerConfig& config,
                                                      const Device& device) {
  const AdminConfig& admin = config.admin;
  AdminEndpoint::Options options{
      .address = admin.address,
      .port = admin.port,
      .jobs = {.folder = admin.jobs_folder,
               .max_running_jobs = admin.max_running_jobs,
               .max_queued_jobs = admin.max_queued_jobs,
               .devices = {}},
      .runner = {.trainer = admin.trainer, .stop_grace = admin.stop_grace}};
  if (options.jobs.folder.empty()) {
    options.jobs.folder =
        (std::filesystem::path(config.model_repository) / kDefaultJobsFolder).string();
  }
  LM_RETURN_IF_ERROR(CheckJobsFolder(options.jobs.folder, config.model_repository));
  for (const std::string& name : admin.devices) {
    const absl::StatusOr<Device> of_jobs = Device::Parse(name);
    if (!of_jobs.ok()) return Annotate(of_jobs.status(), "admin.devices");
    options.jobs.devices.push_back(of_jobs->ToString());
  }
  if (options.jobs.devices.empty()) options.jobs.devices = {device.ToString()};
  if (options.runner.trainer.empty()) options.runner.trainer = DefaultTrainer();
  return options;
}

}  // namespace localmamba::server
