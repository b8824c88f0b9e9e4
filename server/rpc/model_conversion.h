// What localmamba.v1 tells of models.
#ifndef LOCALMAMBA_SERVER_RPC_MODEL_CONVERSION_H_
#define LOCALMAMBA_SERVER_RPC_MODEL_CONVERSION_H_

#include "absl/status/status.h"
#include "localmamba/v1/vision.pb.h"
#include "server/pipeline/served_models.h"

namespace localmamba::server {

// `ready`: whether requests are answered now.
void ToProto(const ServedModels& models, bool ready, v1::ListModelsResponse& response);

// Errors: those of ServedModels::Find.
absl::Status DescribeModel(const ServedModels& models, bool ready,
                           const v1::GetModelRequest& request, v1::GetModelResponse& response);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_MODEL_CONVERSION_H_
