// What clients are told of a model: its metadata and its configuration.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_DESCRIPTION_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_DESCRIPTION_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "inference/grpc_service.pb.h"
#include "server/pipeline/served_version.h"

namespace localmamba::server {

// Clients that make requests up fill every input they are told of, whatever is optional; so they are
// told of the one that is easiest to fill, `pixels`. The others, of which a request may have one
// instead, are among the properties: "alternative_input.tensor" is "FP32 or FP16 [-1,3,224,224]".
//
// `versions` are the numbers of all that serve. Errors of both: those of TensorsOf.
absl::Status DescribeMetadata(const ServedVersion& version, absl::Span<const int64_t> versions,
                              inference::ModelMetadataResponse& response);
absl::Status DescribeConfig(const ServedVersion& version, inference::ModelConfig& config);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_DESCRIPTION_H_
