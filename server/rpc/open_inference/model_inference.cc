#include "server/rpc/open_inference/model_inference.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/open_inference/ask_each.h"
#include "server/rpc/open_inference/find_version.h"
#include "server/rpc/open_inference/head_answer.h"
#include "server/rpc/open_inference/infer_answer.h"
#include "server/rpc/open_inference/infer_inputs.h"
#include "server/rpc/open_inference/infer_outputs.h"
#include "server/rpc/open_inference/infer_parameters.h"
#include "server/rpc/open_inference/model_tensors.h"
#include "server/rpc/vision_conversion.h"
#include "server/runtime/rejection.h"
#include "server/runtime/steady_time.h"

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

// The pipeline counts what gets there.
void CountRefusal(ServedVersion& version, const absl::Status& status, const RequestRecord& record) {
  const absl::Time now = SteadyNow();
  version.metrics().Failed(status);
  version.statistics().CountFailure(now - record.arrival, now);
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

  absl::Status Write(const Inference& inference) {
    Describe(inference, record);
    return WriteAnswer({inference.logits, inference.pooled}, outputs, version->model().labels,
                       response);
  }

  // Of the images of a detector or segmenter.
  template <class Answer>
  absl::Status Write(const std::vector<Answer>& images) {
    Describe(images.front(), record);
    return WriteAnswer(images, outputs, response);
  }

  template <class Result>
  absl::Status Answer(const absl::StatusOr<Result>& result) {
    LM_RETURN_IF_ERROR(result.status());
    const ModelVersion& model = version->model();
    response.set_model_name(model.model);
    response.set_model_version(absl::StrCat(model.version));
    response.set_id(request.id());
    LM_RETURN_IF_ERROR(Write(*result));
    const size_t bytes = response.ByteSizeLong();
    if (bytes <= kMaxMessageBytes) return absl::OkStatus();
    return InvalidRequest(absl::StrCat("outputs: the answer has ", bytes, " bytes, at most ",
                                       kMaxMessageBytes,
                                       " fit into a message; wanted fewer "
                                       "outputs or a smaller batch"));
  }
};

template <class Result>
VisionPipeline::Callback<Result> ModelInference::EndWith(std::unique_ptr<Call> call) {
  return [call = std::move(call)](const absl::StatusOr<Result>& result) {
    call->done(call->Answer(result));
  };
}

void ModelInference::Infer(const inference::ModelInferRequest& request, CallContext context,
                           Admission::Ticket& ticket, RequestRecord& record,
                           inference::ModelInferResponse& response, Done done) {
  auto call = std::make_unique<Call>(Call{request, record, response, std::move(done)});
  absl::StatusOr<InferRequest> checked = Check(*call, std::move(context), ticket);
  if (!checked.ok()) {
    if (call->version != nullptr) CountRefusal(*call->version, checked.status(), call->record);
    return call->done(checked.status());
  }
  const ModelTask task = call->version->model().spec.task;
  const std::vector<WantedOutput>& outputs = call->outputs;
  if (task == ModelTask::kDetection) {
    AskEach(pipeline_, *checked, DetectQuestionFor(outputs),
            EndWith<std::vector<FoundObjects>>(std::move(call)));
  } else if (task == ModelTask::kSegmentation) {
    AskEach(pipeline_, *checked, SegmentQuestionFor(outputs),
            EndWith<std::vector<Segmentation>>(std::move(call)));
  } else {
    pipeline_.Infer(*std::move(checked), EndWith<Inference>(std::move(call)));
  }
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
