// Whether a model does what is asked of it.
#ifndef LOCALMAMBA_SERVER_PIPELINE_CHECK_TASK_H_
#define LOCALMAMBA_SERVER_PIPELINE_CHECK_TASK_H_

#include "absl/status/status.h"
#include "server/repository/model_version.h"

namespace localmamba::server {

// Errors: FAILED_PRECONDITION, with a reject reason, naming the model's task and what answers it.
absl::Status CheckTask(const ModelVersion& model, ModelTask wanted);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_CHECK_TASK_H_
