// What a request wants to have answered.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_OUTPUTS_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_OUTPUTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "inference/grpc_service.pb.h"
#include "server/rpc/open_inference/infer_parameters.h"
#include "server/rpc/open_inference/model_tensors.h"
#include "server/rpc/open_inference/shared_memory.h"

namespace localmamba::server {

struct WantedOutput {
  OutputTensor tensor;
  std::optional<int64_t> classes;      // so many of the largest elements as text, instead of all
  SharedMemorySlice slice;             // of `region`
  SharedMemoryRegions::Handle region;  // where to write to; null: into the answer
};

// Those that `request` names, in its order, or all. An output in shared memory must have room for
// `batch_size` items, if their size is known. `regions` is null if there is no shared memory.
// Errors: INVALID_ARGUMENT naming the output, what was found and what was wanted; those of
// ReadSharedMemorySlice, ReadClassification and SharedMemoryRegions::Find; UNIMPLEMENTED for shared
// memory without regions.
absl::StatusOr<std::vector<WantedOutput>> ReadOutputs(const inference::ModelInferRequest& request,
                                                      const ModelTensors& tensors,
                                                      int64_t batch_size,
                                                      const SharedMemoryRegions* regions);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_OUTPUTS_H_
