// Jobs, and the port through which they and the served models are managed.
#ifndef LOCALMAMBA_SERVER_ADMIN_ENDPOINT_H_
#define LOCALMAMBA_SERVER_ADMIN_ENDPOINT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/jobs/job_scheduler.h"
#include "server/jobs/job_store.h"
#include "server/jobs/local_process_runner.h"
#include "server/metrics/job_metrics.h"
#include "server/metrics/server_metrics.h"
#include "server/pipeline/model_manager.h"
#include "server/rpc/grpc_server.h"
#include "server/runtime/clock.h"
#include "server/runtime/log.h"
#include "server/runtime/thread_pool.h"

namespace localmamba::server {

class AdminEndpoint {
 public:
  struct Options {
    std::string address;
    int port = 0;  // 0: the system picks one
    JobScheduler::Options jobs;
    LocalProcessRunner::Options runner;
  };

  // What of the server it works with; outlives it.
  struct Server {
    ModelManager& models;
    ServerMetrics& metrics;
    JobMetrics& job_metrics;
    Clock& clock;
    const Log& log;
  };

  // Makes the folder of the jobs if need be; starts jobs and answers calls when it returns. Errors:
  // those of JobStore::Open and GrpcServer::Start; the code of the system's error.
  static absl::StatusOr<std::unique_ptr<AdminEndpoint>> Start(const Options& options,
                                                              const Server& server);

  [[nodiscard]] int port() const { return grpc_->port(); }

  // Tells jobs to stop, takes no new ones and ends streams; does not wait.
  void BeginStop() { scheduler_.BeginStop(); }
  // Waits for the jobs, then ends calls: those that run after `timeout` are cancelled.
  void Stop(absl::Duration timeout);

 private:
  AdminEndpoint(const Options& options, const Server& server, std::unique_ptr<JobStore> store);

  const std::unique_ptr<JobStore> store_;
  LocalProcessRunner runner_;
  JobScheduler scheduler_;
  // A load may take long, and shall not keep calls about jobs waiting.
  ThreadPool job_calls_;
  ThreadPool model_calls_;
  std::unique_ptr<GrpcServer> grpc_;  // set once by Start
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_ADMIN_ENDPOINT_H_
