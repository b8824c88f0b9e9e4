// The model repository as clients of the Open Inference Protocol see it.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_REPOSITORY_CALLS_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_REPOSITORY_CALLS_H_

#include "absl/status/status.h"
#include "inference/grpc_service.pb.h"
#include "server/pipeline/model_manager.h"

namespace localmamba::server {

// One entry for each version of each model, also for those that do not serve: they are UNAVAILABLE,
// and `reason` says why. Reads the repository's folder. Errors: UNIMPLEMENTED for a
// `repository_name`, as there is one repository; those of ModelManager::List.
absl::Status IndexRepository(const ModelManager& models,
                             const inference::RepositoryIndexRequest& request,
                             inference::RepositoryIndexResponse& response);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_REPOSITORY_CALLS_H_
