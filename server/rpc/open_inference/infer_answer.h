// From what the network said of the images of a request to the answer.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_ANSWER_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_ANSWER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "inference/grpc_service.pb.h"
#include "kernels/tensor/tensor_view.h"
#include "server/rpc/open_inference/infer_outputs.h"

namespace localmamba::server {

// Of one batch, float32, on the CPU.
struct NetworkOutput {
  ConstTensorView logits;  // (batch, num_classes)
  ConstTensorView pooled;  // (batch, width)
};

// Fills the outputs of `response`, or writes those that are in shared memory there. `labels` name
// the classes, or are none. Errors: those of SharedMemoryRegion::Write.
absl::Status WriteAnswer(const NetworkOutput& network, absl::Span<const WantedOutput> outputs,
                         absl::Span<const std::string> labels,
                         inference::ModelInferResponse& response);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_INFER_ANSWER_H_
