// ModelInfer, for one message of a unary call or of a stream.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_INFERENCE_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_INFERENCE_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "inference/grpc_service.pb.h"
#include "server/pipeline/vision_pipeline.h"
#include "server/rpc/admission.h"
#include "server/rpc/open_inference/shared_memory.h"
#include "server/runtime/call_context.h"
#include "server/tracing/request_record.h"

namespace localmamba::server {

// Safe to call from several threads.
class ModelInference {
 public:
  using Done = absl::AnyInvocable<void(const absl::Status&)>;

  // The references outlive this, which outlives every call. `regions` is null if clients may not
  // share memory.
  ModelInference(VisionPipeline& pipeline, const SharedMemoryRegions* regions)
      : pipeline_(pipeline), regions_(regions) {}

  // Fills `response` and calls `done` once, from any thread, perhaps before returning. What is
  // passed by reference lives until then; `ticket` and `record` are the request's own, and the record is told what an answer tells of
  // itself. Errors carry a reject
  // reason: those of FindVersion, TensorsOf, ReadRequestParameters, ReadInputs, ReadOutputs,
  // VisionPipeline::Infer or Ask and WriteAnswer; INVALID_ARGUMENT if the answer is larger than a message
  // can be.
  void Infer(const inference::ModelInferRequest& request, CallContext context,
             Admission::Ticket& ticket, RequestRecord& record,
             inference::ModelInferResponse& response, Done done);

 private:
  struct Call;

  // Answers the call with a result.
  template <class Result>
  static VisionPipeline::Callback<Result> EndWith(std::unique_ptr<Call> call);

  // Everything that can be told before the network runs.
  absl::StatusOr<InferRequest> Check(Call& call, CallContext context,
                                     Admission::Ticket& ticket) const;

  VisionPipeline& pipeline_;
  const SharedMemoryRegions* const regions_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_MODEL_INFERENCE_H_
