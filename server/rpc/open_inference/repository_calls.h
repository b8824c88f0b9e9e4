// The model repository as clients of the Open Inference Protocol see and change it.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_REPOSITORY_CALLS_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_REPOSITORY_CALLS_H_

#include "absl/status/status.h"
#include "inference/grpc_service.pb.h"
#include "server/pipeline/model_manager.h"

namespace localmamba::server {

// All of them block, and answer UNIMPLEMENTED for a `repository_name`, as there is one repository.

// One entry for each version of each model, as IndexOf has them, also for those that do not serve.
// Errors: those of ModelManager::List.
absl::Status IndexRepository(const ModelManager& models,
                             const inference::RepositoryIndexRequest& request,
                             inference::RepositoryIndexResponse& response);

// Loads what the model's version policy says, and anew what of that serves already. Errors:
// UNIMPLEMENTED for the parameters "config" and "file:...", INVALID_ARGUMENT for others; those of
// ModelManager::LoadModel.
absl::Status LoadModel(ModelManager& models, const inference::RepositoryModelLoadRequest& request);

// Returns when the last request to the model is answered. Errors: INVALID_ARGUMENT for a parameter
// other than "unload_dependents", which has no meaning here; those of ModelManager::UnloadModel.
absl::Status UnloadModel(ModelManager& models,
                         const inference::RepositoryModelUnloadRequest& request);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_REPOSITORY_CALLS_H_
