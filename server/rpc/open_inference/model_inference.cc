#include "server/rpc/open_inference/model_inference.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/open_inference/find_version.h"
#include "server/rpc/open_inference/infer_answer.h"
#include "server/rpc/open_inference/infer_inputs.h"
#include "server/rpc/open_inference/infer_outputs.h"
#include "server/rpc/open_inference/infer_parameters.h"
#include "server/rpc/open_inference/model_tensors.h"
#include "server/rpc/vision_conversion.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

constexpr size_t kMaxMessageBytes = std::numeric_limits<int32_t>::max();

absl::StatusOr<Scheduling> ToScheduling(const RequestParameters& parameters) {
  constexpr uint64_t kMaxPriority = std::numeric_limits<int>::max();
  if (parameters.priority > kMaxPriority) {
    return InvalidRequest(absl::StrCat("parameter \"priority\": found ", parameters.priority,
                                       ", wanted at most ", kMaxPriority));
  }
  return Scheduling{.priority = static_cast<int>(parameters.priority),
                    .queue_timeout = parameters.timeout};
}

}  // namespace

struct ModelInference::Call {
  const inference::ModelInferRequest& request;
  RequestRecord& record;
  inference::ModelInferResponse& response;
  Done done;
  ServedModels::Handle version = nullptr;
  InferInputs inputs = {};
  std::vector<WantedOutput> outputs = {};

  absl::Status Answer(const Inference& inference) {
    Describe(inference, record);
    const ModelVersion& model = version->model();
    response.set_model_name(model.model);
    response.set_model_version(absl::StrCat(model.version));
    response.set_id(request.id());
    LM_RETURN_IF_ERROR(
        WriteAnswer({inference.logits, inference.pooled}, outputs, model.labels, response));
    const size_t bytes = response.ByteSizeLong();
    if (bytes <= kMaxMessageBytes) return absl::OkStatus();
    return InvalidRequest(absl::StrCat("outputs: the answer has ", bytes, " bytes, at most ",
                                       kMaxMessageBytes,
                                       " fit into a message; wanted fewer "
                                       "outputs or a smaller batch"));
  }
};

void ModelInference::Infer(const inference::ModelInferRequest& request, CallContext context,
                           Admission::Ticket& ticket, RequestRecord& record,
                           inference::ModelInferResponse& response, Done done) {
  auto call = std::make_unique<Call>(Call{request, record, response, std::move(done)});
  absl::StatusOr<InferRequest> checked = Check(*call, std::move(context), ticket);
  if (!checked.ok()) return call->done(checked.status());
  pipeline_.Infer(*std::move(checked),
                  [call = std::move(call)](const absl::StatusOr<Inference>& inference) {
                    call->done(inference.ok() ? call->Answer(*inference) : inference.status());
                  });
}

absl::StatusOr<InferRequest> ModelInference::Check(Call& call, CallContext context,
                                                   Admission::Ticket& ticket) const {
  const inference::ModelInferRequest& request = call.request;
  LM_ASSIGN_OR_RETURN(
      call.version, FindVersion(pipeline_.models(), request.model_name(), request.model_version()));
  LM_ASSIGN_OR_RETURN(const ModelTensors tensors, TensorsOf(*call.version));
  LM_ASSIGN_OR_RETURN(const RequestParameters parameters,
                      ReadRequestParameters(request.parameters()));
  LM_ASSIGN_OR_RETURN(const Scheduling scheduling, ToScheduling(parameters));
  LM_ASSIGN_OR_RETURN(call.inputs, ReadInputs(request, tensors, regions_, ticket));
  LM_ASSIGN_OR_RETURN(call.outputs,
                      ReadOutputs(request, tensors, call.inputs.batch_size, regions_));
  return InferRequest{.version = call.version,
                      .images = std::move(call.inputs.images),
                      .scheduling = scheduling,
                      .context = std::move(context)};
}

}  // namespace localmamba::server
