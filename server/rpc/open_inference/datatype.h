// The types of tensor elements that the Open Inference Protocol knows.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_DATATYPE_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_DATATYPE_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "inference/model_config.pb.h"

namespace localmamba::server {

// As in requests and metadata: "FP32". CHECKs that it is not TYPE_INVALID.
absl::string_view DatatypeName(inference::DataType type);

// TYPE_INVALID for any other text.
inference::DataType ParseDatatype(absl::string_view name);

// Bytes of one element; 0 if they vary (BYTES).
size_t DatatypeBytes(inference::DataType type);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_DATATYPE_H_
