// ModelStatistics of versions.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_STATISTICS_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_STATISTICS_H_

#include <string>

#include "absl/status/status.h"
#include "inference/grpc_service.pb.h"
#include "server/pipeline/served_models.h"

namespace localmamba::server {

// Of the versions that serve: all, or those of model `name`, or its `version` alone ("" for any).
// Errors: INVALID_ARGUMENT for a `version` that is no number, or without a name; those of
// ServedModels::Find.
absl::Status DescribeStatistics(const ServedModels& models, const std::string& name,
                                const std::string& version,
                                inference::ModelStatisticsResponse& response);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_STATISTICS_H_
