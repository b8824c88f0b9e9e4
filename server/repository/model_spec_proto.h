// Between ModelSpec and its message.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_MODEL_SPEC_PROTO_H_
#define LOCALMAMBA_SERVER_REPOSITORY_MODEL_SPEC_PROTO_H_

#include "absl/status/statusor.h"
#include "localmamba/v1/model.pb.h"
#include "server/repository/model_spec.h"

namespace localmamba {

// Fills unset fields with their defaults and does not Validate. Errors: INVALID_ARGUMENT naming the
// field for what the plain struct cannot hold: no network, an unknown enum number or direction, a
// list of the wrong length.
absl::StatusOr<ModelSpec> ModelSpecFromProto(const v1::ModelSpec& proto);

// Sets every field.
v1::ModelSpec ModelSpecToProto(const ModelSpec& spec);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_MODEL_SPEC_PROTO_H_
