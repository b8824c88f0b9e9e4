// localmamba.v1.VisionService on a pipeline.
#ifndef LOCALMAMBA_SERVER_RPC_VISION_SERVICE_H_
#define LOCALMAMBA_SERVER_RPC_VISION_SERVICE_H_

#include <cstddef>
#include <memory>

#include "server/metrics/server_metrics.h"
#include "server/pipeline/vision_pipeline.h"
#include "server/rpc/admission.h"
#include "server/runtime/lifecycle.h"
#include "server/tracing/request_log.h"

namespace grpc {
class Service;
}

namespace localmamba::server {

// `max_frames_per_stream` is the most frames of one stream that are worked on at once, at least 1.
// The references outlive the service.
std::unique_ptr<grpc::Service> CreateVisionService(VisionPipeline& pipeline,
                                                   const Lifecycle& lifecycle, Admission& admission,
                                                   ServerMetrics& metrics, RequestLog& log,
                                                   size_t max_frames_per_stream);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_VISION_SERVICE_H_
