// inference.GRPCInferenceService, the Open Inference Protocol, on a pipeline.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFERENCE_SERVICE_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFERENCE_SERVICE_H_

#include <cstddef>
#include <memory>

#include "server/metrics/server_metrics.h"
#include "server/pipeline/model_manager.h"
#include "server/pipeline/vision_pipeline.h"
#include "server/rpc/admission.h"
#include "server/runtime/executor.h"
#include "server/runtime/lifecycle.h"
#include "server/tracing/request_log.h"

namespace grpc {
class Service;
}

namespace localmamba::server {

// The model repository that clients are shown.
struct RepositoryAccess {
  ModelManager& models;
  Executor& executor;  // for looks at the repository's folder
  Executor* changes;   // for loading and unloading, which take long; null: clients may do neither
};

struct InferenceServiceOptions {
  bool system_shared_memory = false;    // whether clients may register regions
  size_t max_requests_per_stream = 64;  // that are read and not yet answered, at least 1
};

// The references outlive the service. `repository` is null if clients are shown none.
std::unique_ptr<grpc::Service> CreateInferenceService(const InferenceServiceOptions& options,
                                                      VisionPipeline& pipeline,
                                                      const Lifecycle& lifecycle,
                                                      Admission& admission, ServerMetrics& metrics,
                                                      RequestLog& log,
                                                      const RepositoryAccess* repository);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFERENCE_SERVICE_H_
