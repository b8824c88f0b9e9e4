// The images in a request: which tensor, and whether it is what it says.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_INPUTS_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_INPUTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "inference/grpc_service.pb.h"
#include "server/pipeline/prepare_batch.h"
#include "server/rpc/admission.h"
#include "server/rpc/open_inference/model_tensors.h"
#include "server/rpc/open_inference/shared_memory.h"

namespace localmamba::server {

struct InferInputs {
  int64_t batch_size = 0;
  ImageBatch images;             // in `storage` or in the request
  std::vector<uint8_t> storage;  // of what came from shared memory or had to be converted
};

// Takes the one tensor of `request`, in raw or typed form or from `regions` (null if there is no
// shared memory), whose bytes then count for `ticket`. Nothing is allocated before shape and size
// have been checked.
// Errors: INVALID_ARGUMENT naming the tensor, what was found and what was wanted; UNIMPLEMENTED for
// shared memory without regions; those of ReadSharedMemorySlice, of SharedMemoryRegions::Find and
// Read, and of Ticket::Add.
absl::StatusOr<InferInputs> ReadInputs(const inference::ModelInferRequest& request,
                                       const ModelTensors& tensors,
                                       const SharedMemoryRegions* regions,
                                       Admission::Ticket& ticket);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_INPUTS_H_
