// The parameters of requests and their tensors.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_PARAMETERS_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_PARAMETERS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/map.h"
#include "inference/grpc_service.pb.h"

namespace localmamba::server {

using InferParameters = google::protobuf::Map<std::string, inference::InferParameter>;

struct RequestParameters {
  uint64_t priority = 0;                  // 1 is the highest; 0: the model's default
  std::optional<absl::Duration> timeout;  // in the queue
};

// Where a tensor lies instead of in the message.
struct SharedMemorySlice {
  std::string region;
  uint64_t offset = 0;
  uint64_t byte_size = 0;
};

// Parameters of no meaning here are let pass, as the protocol leaves their names to models; but not
// those that it keeps for itself ("triton_..."), nor sequences, which no model here has.
// Errors, naming the parameter: INVALID_ARGUMENT for a wrong type or value or a reserved name;
// UNIMPLEMENTED for a sequence.
absl::StatusOr<RequestParameters> ReadRequestParameters(const InferParameters& parameters);

// `tensor` names its owner in messages: "input \"pixels\"". Unset if there is none.
// Errors: INVALID_ARGUMENT naming the parameter.
absl::StatusOr<std::optional<SharedMemorySlice>> ReadSharedMemorySlice(
    const InferParameters& parameters, absl::string_view tensor);

// K of the classification extension, from 1; unset if it is not asked for.
// Errors: INVALID_ARGUMENT naming the parameter.
absl::StatusOr<std::optional<int64_t>> ReadClassification(const InferParameters& parameters,
                                                          absl::string_view tensor);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_PARAMETERS_H_
