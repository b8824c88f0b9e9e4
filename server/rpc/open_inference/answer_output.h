// One output of an answer.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_ANSWER_OUTPUT_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_ANSWER_OUTPUT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "inference/grpc_service.pb.h"
#include "server/rpc/open_inference/infer_outputs.h"

namespace localmamba::server {

// Adds the output to `response`, and its contents, or writes them to shared memory if that was
// wanted. Errors: INVALID_ARGUMENT if there is too little room; those of SharedMemoryRegion::Write.
absl::Status AddOutput(const WantedOutput& wanted, inference::DataType type,
                       absl::Span<const int64_t> shape, std::string raw,
                       inference::ModelInferResponse& response);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_ANSWER_OUTPUT_H_
