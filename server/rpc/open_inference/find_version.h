// The version of a model that a request of the Open Inference Protocol means.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_FIND_VERSION_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_FIND_VERSION_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/pipeline/served_models.h"

namespace localmamba::server {

// `version` is a number, or "" for the newest. Errors: INVALID_ARGUMENT if `name` is empty or
// `version` is anything else; those of ServedModels::Find.
absl::StatusOr<ServedModels::Handle> FindVersion(const ServedModels& models,
                                                 const std::string& name,
                                                 const std::string& version);

// OK for "" and for numbers.
absl::Status CheckVersion(const std::string& version);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_FIND_VERSION_H_
