#include "server/admin_endpoint.h"

#include <grpcpp/impl/service_type.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/job_service.h"
#include "server/rpc/model_service.h"

namespace localmamba::server {
namespace {

constexpr int kThreads = 2;
constexpr size_t kMaxWaitingCalls = 64;
constexpr int kMaxRequestBytes = 4 << 20;
constexpr char kStoreFile[] = "jobs.sqlite3";

absl::StatusOr<std::unique_ptr<JobStore>> OpenStore(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat(folder, ": cannot create"));
  return JobStore::Open(absl::StrCat(folder, "/", kStoreFile));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminEndpoint>> AdminEndpoint::Start(const Options& options,
                                                                    const Server& server) {
  absl::StatusOr<std::unique_ptr<JobStore>> store = OpenStore(options.jobs.folder);
  if (!store.ok()) {
    return Annotate(store.status(),
                    "no folder for jobs (choose one with --jobs-folder, or --admin=false)");
  }
  std::unique_ptr<AdminEndpoint> endpoint(new AdminEndpoint(options, server, *std::move(store)));
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(CreateJobService(endpoint->scheduler_, endpoint->job_calls_, server.metrics));
  services.push_back(CreateModelService(server.models, endpoint->model_calls_, server.metrics));
  LM_ASSIGN_OR_RETURN(endpoint->grpc_, GrpcServer::Start({.address = options.address,
                                                          .port = options.port,
                                                          .max_request_bytes = kMaxRequestBytes},
                                                         std::move(services)));
  // The store is taken, so no other server publishes here.
  if (const absl::Status removed = server.models.RemoveLeftovers(); !removed.ok()) {
    server.log.Warning("what a killed server left in the repository cannot be removed",
                       {{"error", std::string(removed.message())}});
  }
  LM_RETURN_IF_ERROR(endpoint->scheduler_.Start());
  for (const char* service :
       {"", "localmamba.admin.v1.JobService", "localmamba.admin.v1.ModelService"}) {
    endpoint->grpc_->SetServing(service, true);
  }
  return endpoint;
}

AdminEndpoint::AdminEndpoint(const Options& options, const Server& server,
                             std::unique_ptr<JobStore> store)
    : store_(std::move(store)),
      runner_(options.runner),
      scheduler_(
          options.jobs, *store_, runner_,
          [&models = server.models](const std::string& model, const std::string& result,
                                    const std::string& job_json) {
            return models.Publish(model, result, job_json);
          },
          server.job_metrics, server.clock, server.log),
      job_calls_(kThreads, kMaxWaitingCalls),
      model_calls_(kThreads, kMaxWaitingCalls) {}

void AdminEndpoint::Stop(absl::Duration timeout) {
  scheduler_.Stop();
  grpc_->SetNothingServing();
  grpc_->Shutdown(timeout);
}

}  // namespace localmamba::server
