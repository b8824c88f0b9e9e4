// localmamba.v1.VisionService on a pipeline.
#ifndef LOCALMAMBA_SERVER_RPC_VISION_SERVICE_H_
#define LOCALMAMBA_SERVER_RPC_VISION_SERVICE_H_

#include <cstdint>
#include <memory>

#include "server/metrics/server_metrics.h"
#include "server/pipeline/vision_pipeline.h"
#include "server/runtime/lifecycle.h"

namespace grpc {
class Service;
}

namespace localmamba::server {

// Answers UNAVAILABLE while `lifecycle` is loading or stopping, and RESOURCE_EXHAUSTED to a request
// that would make those in flight take more than `max_in_flight_bytes`. The references outlive the
// service.
std::unique_ptr<grpc::Service> CreateVisionService(VisionPipeline& pipeline,
                                                   const Lifecycle& lifecycle,
                                                   ServerMetrics& metrics,
                                                   int64_t max_in_flight_bytes);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_VISION_SERVICE_H_
