// localmamba_server: the one file that names concrete classes and connects them.
#include <grpcpp/impl/service_type.h>
#include <prometheus/registry.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/buffer.h"
#include "kernels/device/device.h"
#include "model/engine/engine.h"
#include "server/admin_endpoint.h"
#include "server/config/command_line.h"
#include "server/config/server_config.h"
#include "server/config/server_options.h"
#include "server/http/debug_pages.h"
#include "server/http/http_server.h"
#include "server/http/status_pages.h"
#include "server/metrics/cache_metrics.h"
#include "server/metrics/gpu_metrics.h"
#include "server/metrics/job_metrics.h"
#include "server/metrics/load_metrics.h"
#include "server/metrics/server_metrics.h"
#include "server/pipeline/model_manager.h"
#include "server/pipeline/repository_poller.h"
#include "server/pipeline/response_cache.h"
#include "server/pipeline/served_models.h"
#include "server/pipeline/vision_pipeline.h"
#include "server/repository/model_repository.h"
#include "server/rpc/admission.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/open_inference/inference_service.h"
#include "server/rpc/vision_service.h"
#include "server/runtime/check_can_listen.h"
#include "server/runtime/clock.h"
#include "server/runtime/idle_threads.h"
#include "server/runtime/lifecycle.h"
#include "server/runtime/log.h"
#include "server/runtime/notification.h"
#include "server/runtime/signal_listener.h"
#include "server/runtime/thread_pool.h"
#include "server/tracing/recent_requests.h"
#include "server/tracing/request_log.h"

namespace localmamba::server {
namespace {

constexpr int kExitFailed = 1;    // could not start, or was told twice to stop
constexpr int kExitBadUsage = 2;  // command line or configuration file

constexpr char kVisionService[] = "localmamba.v1.VisionService";
constexpr size_t kMaxRepositoryCalls = 64;  // of the data port, that wait
constexpr char kInferenceService[] = "inference.GRPCInferenceService";

ModelsStatus StatusOf(const ServedModels& models, const ModelManager& manager) {
  ModelsStatus result;
  for (const ServedModels::Listed& listed : models.List()) {
    const ModelVersion& model = listed.version->model();
    result.served.push_back(
        {model.model, model.version, model.engines.size(), listed.version->max_batch_size(), {}});
    for (const CostTable::Point& point : listed.version->costs()) {
      result.served.back().batch_cost.emplace_back(point.images, point.cost);
    }
  }
  for (const LoadFailure& failure : manager.Failures()) {
    result.failed.push_back({failure.model, failure.version, failure.message});
  }
  return result;
}

void WarnOfUnserved(const ServedModels& models, const ServerConfig& config, const Log& log) {
  const std::vector<std::string> names = models.ModelNames();
  if (names.empty()) {
    log.Warning("no model is served", {{"model_repository", config.model_repository}});
  }
  for (const auto& [model, batching] : config.model_batching) {
    if (!std::binary_search(names.begin(), names.end(), model)) {
      log.Warning("model_batching names a model that is not served", {{"model", model}});
    }
  }
}

// Serves until the first SIGTERM or SIGINT has been followed to its end.
absl::Status Serve(const ServerConfig& config, const EngineOptions& engine_options,
                   const AdminEndpoint::Options& admin_options, const Log& log) {
  Lifecycle lifecycle;
  Notification stop;
  Notification attention;  // to stop, or the device is lost
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<SignalListener> signals,
                      SignalListener::Start([&](int signal, int count) {
                        log.Info("signal", {{"signal", signal}, {"count", count}});
                        if (count > 1) std::_Exit(kExitFailed);
                        if (lifecycle.phase() == Phase::kLoading) std::_Exit(EXIT_SUCCESS);
                        stop.Notify();
                        attention.Notify();
                      }));

  RealClock clock;
  prometheus::Registry registry;
  ServerMetrics metrics(registry);
  const absl::StatusOr<std::unique_ptr<GpuMetrics>> gpu_metrics = GpuMetrics::Create();
  if (gpu_metrics.ok()) {
    metrics.AlsoCollect(**gpu_metrics);
  } else if (!engine_options.device.is_cpu()) {
    log.Warning("there are no metrics of the GPU",
                {{"error", std::string(gpu_metrics.status().message())}});
  }
  JobMetrics job_metrics(registry);
  LoadMetrics load_metrics(registry);
  RecentRequests recent_requests({});
  RequestLog request_log(ToRequestLogOptions(config.requests), log,
                         config.requests.debug_page ? &recent_requests : nullptr);
  Admission admission(ToAdmissionOptions(config.limits), lifecycle, clock);
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> host, CreateDeviceAllocator(Device::Cpu()));
  LM_ASSIGN_OR_RETURN(const int decode_threads, DecodeThreads(config.limits));

  const auto on_device_lost = [&](const absl::Status& reason) {
    if (!lifecycle.Fail(reason)) return;
    log.Error("the device is lost; /livez fails until the server is restarted",
              {{"error", std::string(reason.message())}});
    attention.Notify();
  };
  // Before the models are loaded, which can take long.
  LM_RETURN_IF_ERROR(CheckCanListen(config.listen.address, config.listen.grpc_port, "gRPC"));
  if (config.admin.enabled) {
    LM_RETURN_IF_ERROR(CheckCanListen(config.admin.address, config.admin.port, "administration"));
  }
  std::optional<CacheMetrics> cache_metrics;  // none of these two if it is switched off
  std::optional<ResponseCache> cache;
  if (config.response_cache.max_bytes > 0) {
    cache_metrics.emplace(registry);
    cache.emplace(static_cast<size_t>(config.response_cache.max_bytes), *cache_metrics);
  }
  ServedModels models(ToServedOptions(config, engine_options.device,
                                      cache.has_value() ? &*cache : nullptr, on_device_lost),
                      *host, clock, metrics);
  LM_ASSIGN_OR_RETURN(
      const ModelRepository repository,
      ModelRepository::Open(config.model_repository, ToLoadOptions(config, engine_options)));
  ModelManager manager(repository, models, load_metrics, log,
                       ToManagerOptions(config.repository, on_device_lost));
  HttpPages pages = StatusPages(metrics, lifecycle, [&] { return StatusOf(models, manager); });
  if (config.requests.debug_page) pages.merge(DebugPages(recent_requests));
  LM_ASSIGN_OR_RETURN(
      const std::unique_ptr<HttpServer> http,
      HttpServer::Start({.address = config.listen.address, .port = config.listen.http_port},
                        std::move(pages)));
  log.Info("loading", {{"model_repository", config.model_repository},
                       {"device", engine_options.device.ToString()},
                       {"dtype", std::string(ToString(engine_options.dtype))},
                       {"http_port", http->port()}});

  std::optional<RepositoryPoller> poller;
  if (config.repository.mode == "poll") poller.emplace(repository, manager, clock, log);
  LM_RETURN_IF_ERROR(manager.LoadAtStart());
  // On a CPU another thread would only take a core from the one that ran the network.
  std::unique_ptr<ThreadPool> reply_pool;
  if (!engine_options.device.is_cpu()) {
    reply_pool =
        std::make_unique<ThreadPool>(1, static_cast<size_t>(config.batching.max_queue_requests));
  }
  ThreadPool decode_pool(decode_threads, static_cast<size_t>(config.limits.max_decode_queue));
  VisionPipeline pipeline(models, ToDecodeLimits(config.limits), decode_pool, reply_pool.get(),
                          *host, clock);
  WarnOfUnserved(models, config, log);

  ThreadPool repository_calls(1, kMaxRepositoryCalls);
  ThreadPool model_control(1, kMaxRepositoryCalls);
  const RepositoryAccess repository_access = {
      .models = manager,
      .executor = repository_calls,
      .changes = config.open_inference.model_control ? &model_control : nullptr};
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(CreateVisionService(pipeline, lifecycle, admission, metrics, request_log,
                                         static_cast<size_t>(config.limits.max_frames_per_stream)));
  services.push_back(CreateInferenceService(ToInferenceOptions(config), pipeline, lifecycle,
                                            admission, metrics, request_log, &repository_access));
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<GrpcServer> grpc_server,
                      GrpcServer::Start({.address = config.listen.address,
                                         .port = config.listen.grpc_port,
                                         .max_request_bytes = config.limits.max_request_bytes,
                                         .connections = ToConnections(config.connections)},
                                        std::move(services)));
  std::unique_ptr<AdminEndpoint> admin;  // none if it is switched off
  if (config.admin.enabled) {
    LM_ASSIGN_OR_RETURN(admin, AdminEndpoint::Start(admin_options, {.models = manager,
                                                                    .metrics = metrics,
                                                                    .job_metrics = job_metrics,
                                                                    .clock = clock,
                                                                    .log = log}));
    const std::string& trainer = admin_options.runner.trainer;
    log.Info("jobs", {{"folder", admin_options.jobs.folder},
                      {"devices", admin_options.jobs.devices},
                      {"trainer", trainer}});
    std::error_code error;
    if (!std::filesystem::exists(trainer, error)) {
      log.Warning("there is no trainer, so jobs will fail", {{"trainer", trainer}});
    }
  }
  lifecycle.Enter(Phase::kServing);
  manager.Announce([&](const std::string& model, bool serving) {
    if (model.empty()) lifecycle.SetModelsReady(serving);
    grpc_server->SetServing(model, serving);
  });
  grpc_server->SetServing(kVisionService, true);
  grpc_server->SetServing(kInferenceService, true);
  if (poller.has_value()) poller->Start(config.repository.poll_interval);
  nlohmann::ordered_json listening = {{"address", config.listen.address},
                                      {"grpc_port", grpc_server->port()},
                                      {"http_port", http->port()}};
  if (admin != nullptr) {
    listening["admin_address"] = config.admin.address;
    listening["admin_port"] = admin->port();
  }
  log.Info("listening", listening);

  attention.WaitForNotification();
  if (!lifecycle.failure().ok()) grpc_server->SetNothingServing();
  stop.WaitForNotification();
  lifecycle.Enter(Phase::kDraining);
  manager.BeginStop();
  // Jobs write their checkpoints meanwhile. And if the trainers got the signal too, as from a service
  // manager that ends the whole group, that is no failure of theirs.
  if (admin != nullptr) admin->BeginStop();
  grpc_server->SetNothingServing();
  log.Info("draining", {{"drain_delay", absl::FormatDuration(config.shutdown.drain_delay)}});
  absl::SleepFor(config.shutdown.drain_delay);
  lifecycle.Enter(Phase::kStopping);
  admission.streams().CloseAll();
  log.Info("stopping", {{"drain_timeout", absl::FormatDuration(config.shutdown.drain_timeout)}});
  grpc_server->Shutdown(config.shutdown.drain_timeout);
  if (admin != nullptr) admin->Stop(config.shutdown.drain_timeout);
  poller.reset();  // before grpc_server, which it tells what serves
  log.Info("stopped");
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& arguments) {
  const auto parsed = ParseCommandLine(arguments);
  if (!parsed.ok()) {
    std::fprintf(stderr, "localmamba_server: %s\n", std::string(parsed.status().message()).c_str());
    return kExitBadUsage;
  }
  if (const auto* help = std::get_if<HelpText>(&*parsed)) {
    std::fputs(help->text.c_str(), stdout);
    return EXIT_SUCCESS;
  }
  const auto& config = std::get<ServerConfig>(*parsed);
  const absl::StatusOr<Log> log = Log::ToStderr(config.log_level);
  if (!log.ok()) {
    std::fprintf(stderr, "localmamba_server: %s\n", std::string(log.status().message()).c_str());
    return kExitBadUsage;
  }
  const absl::StatusOr<EngineOptions> engine_options = ToEngineOptions(config.compute);
  const absl::StatusOr<AdminEndpoint::Options> admin_options =
      engine_options.ok() ? ToAdminOptions(config, engine_options->device)
                          : engine_options.status();
  if (absl::IsInvalidArgument(admin_options.status())) {
    std::fprintf(stderr, "localmamba_server: %s\n",
                 std::string(admin_options.status().message()).c_str());
    return kExitBadUsage;
  }
  const absl::Status status = admin_options.ok()
                                  ? Serve(config, *engine_options, *admin_options, *log)
                                  : admin_options.status();
  if (status.ok()) return EXIT_SUCCESS;
  log->Error("cannot serve", {{"code", absl::StatusCodeToString(status.code())},
                              {"error", std::string(status.message())}});
  return kExitFailed;
}

}  // namespace
}  // namespace localmamba::server

int main(int argc, char** argv) {
  localmamba::server::LetIdleThreadsSleep(argv);
  localmamba::server::SignalListener::BlockSignals();
  return localmamba::server::Main(std::vector<std::string>(argv + 1, argv + argc));
}
