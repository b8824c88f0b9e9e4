// localmamba.v1 messages to and from the pipeline's types.
#ifndef LOCALMAMBA_SERVER_RPC_VISION_CONVERSION_H_
#define LOCALMAMBA_SERVER_RPC_VISION_CONVERSION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "localmamba/v1/vision.pb.h"
#include "server/pipeline/served_models.h"
#include "server/pipeline/vision_pipeline.h"
#include "server/runtime/call_context.h"
#include "server/tracing/request_record.h"

namespace localmamba::server {

// The result points into `request`. Errors: INVALID_ARGUMENT, with a reject reason, naming the field
// that is missing or out of range.
absl::StatusOr<ImageRequest> ToImageRequest(const v1::ClassifyRequest& request,
                                            CallContext context);
absl::StatusOr<ImageRequest> ToImageRequest(const v1::EmbedRequest& request, CallContext context);

// Errors: INVALID_ARGUMENT, with a reject reason, if it is too long to be written to logs.
absl::Status CheckRequestId(const std::string& request_id);

// Sets what the answer tells of itself.
template <class Answer>
void Describe(const Answer& answer, RequestRecord& record) {
  record.model = answer.model;
  record.version = answer.version;
  record.preprocess = answer.timings.preprocess;
  record.queue = answer.timings.queue;
  record.compute = answer.timings.compute;
  record.postprocess = answer.timings.postprocess;
  record.batch_size = answer.timings.batch_size;
}

void ToProto(const Classification& classification, v1::ClassifyResponse& response);
void ToProto(const absl::Status& status, v1::FrameError& error);
void ToProto(const Embedding& embedding, v1::EmbedResponse& response);
void ToProto(const ServedModels& models, bool ready, v1::ListModelsResponse& response);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_VISION_CONVERSION_H_
