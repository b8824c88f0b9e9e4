// Between the messages of heads in model.proto and their plain structs.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_HEAD_SPEC_PROTO_H_
#define LOCALMAMBA_SERVER_REPOSITORY_HEAD_SPEC_PROTO_H_

#include "absl/status/statusor.h"
#include "localmamba/v1/model.pb.h"
#include "model/heads/head_config.h"
#include "model/vision/keep_ratio.h"

namespace localmamba {

// Unset fields get their defaults; values are not checked. Errors: INVALID_ARGUMENT naming the field
// of an enum that is unknown.
absl::StatusOr<HeadConfig> HeadFromProto(const v1::ModelSpec& proto);
void HeadToProto(const HeadConfig& head, v1::ModelSpec* proto);

// Of preprocess.keep_ratio; its defaults depend on the head.
KeepRatioConfig KeepRatioFromProto(const v1::ModelSpec& proto);
void KeepRatioToProto(const KeepRatioConfig& config, v1::KeepRatioSpec* proto);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_HEAD_SPEC_PROTO_H_
