// From the configuration to the options of the parts that it configures.
#ifndef LOCALMAMBA_SERVER_CONFIG_SERVER_OPTIONS_H_
#define LOCALMAMBA_SERVER_CONFIG_SERVER_OPTIONS_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/engine/engine_options.h"
#include "model/vision/decode.h"
#include "server/admin_endpoint.h"
#include "server/config/server_config.h"
#include "server/pipeline/model_manager.h"
#include "server/pipeline/served_models.h"
#include "server/repository/model_repository.h"
#include "server/rpc/admission.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/open_inference/inference_service.h"
#include "server/tracing/request_log.h"

namespace localmamba::server {

// Errors: INVALID_ARGUMENT naming the field for a device or dtype that does not exist; those of
// Device::Parse.
absl::StatusOr<EngineOptions> ToEngineOptions(const ComputeConfig& config);

DecodeLimits ToDecodeLimits(const RequestLimits& config);

Admission::Options ToAdmissionOptions(const RequestLimits& config);

GrpcServer::Connections ToConnections(const ConnectionConfig& config);

RequestLog::Options ToRequestLogOptions(const RequestLogConfig& config);

LoadOptions ToLoadOptions(const ServerConfig& config, const EngineOptions& engine);

// `cache` and `device_lost` as in ServedVersion::Options.
ServedModels::Options ToServedOptions(const ServerConfig& config, const Device& device,
                                      ResponseCache* cache,
                                      const std::function<void(const absl::Status&)>& device_lost);

InferenceServiceOptions ToInferenceOptions(const ServerConfig& config);

// `device_lost` as ModelManager::Options::on_device_lost.
ModelManager::Options ToManagerOptions(const RepositoryConfig& config,
                                       const std::function<void(const absl::Status&)>& device_lost);

// As configured, or as many as the process may use.
absl::StatusOr<int> DecodeThreads(const RequestLimits& config);

// `device` is that of the server's own models. Errors: INVALID_ARGUMENT naming the field for a device
// of jobs, or a jobs folder among the models.
absl::StatusOr<AdminEndpoint::Options> ToAdminOptions(const ServerConfig& config,
                                                      const Device& device);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_CONFIG_SERVER_OPTIONS_H_
