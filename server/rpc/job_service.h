// localmamba.admin.v1.JobService.
#ifndef LOCALMAMBA_SERVER_RPC_JOB_SERVICE_H_
#define LOCALMAMBA_SERVER_RPC_JOB_SERVICE_H_

#include <memory>

#include "server/jobs/job_scheduler.h"
#include "server/metrics/server_metrics.h"
#include "server/runtime/executor.h"

namespace grpc {
class Service;
}

namespace localmamba::server {

// The calls' work is done by `executor`. Streams end when the scheduler begins to stop. The
// references outlive the service.
std::unique_ptr<grpc::Service> CreateJobService(JobScheduler& jobs, Executor& executor,
                                                ServerMetrics& metrics);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_JOB_SERVICE_H_
