#include "server/pipeline/check_task.h"

#include "absl/strings/str_cat.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

absl::string_view WhatAnswers(ModelTask task) {
  switch (task) {
    case ModelTask::kClassification:
      return "which Classify and Embed answer";
    case ModelTask::kDetection:
      return "which Detect answers";
    case ModelTask::kSegmentation:
      return "which Segment answers";
    case ModelTask::kFeatures:
      break;
  }
  return "which is not offered";
}

}  // namespace

absl::Status CheckTask(const ModelVersion& model, ModelTask wanted) {
  const ModelTask task = model.spec.task;
  if (task == wanted) return absl::OkStatus();
  return Reject(RejectReason::kInvalidRequest,
                absl::FailedPreconditionError(
                    absl::StrCat("model \"", model.model, "\": its task is ", ToString(task), ", ",
                                 WhatAnswers(task), "; wanted one for ", ToString(wanted))));
}

}  // namespace localmamba::server
