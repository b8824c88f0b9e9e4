// localmamba.admin.v1.ModelService.
#ifndef LOCALMAMBA_SERVER_RPC_MODEL_SERVICE_H_
#define LOCALMAMBA_SERVER_RPC_MODEL_SERVICE_H_

#include <memory>

#include "server/metrics/server_metrics.h"
#include "server/pipeline/model_manager.h"
#include "server/runtime/executor.h"

namespace grpc {
class Service;
}

namespace localmamba::server {

// The calls' work is done by `executor`. The references outlive the service.
std::unique_ptr<grpc::Service> CreateModelService(ModelManager& models, Executor& executor,
                                                  ServerMetrics& metrics);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_MODEL_SERVICE_H_
