// localmamba.v1 messages to and from the pipeline's types.
#ifndef LOCALMAMBA_SERVER_RPC_VISION_CONVERSION_H_
#define LOCALMAMBA_SERVER_RPC_VISION_CONVERSION_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/base/status_macros.h"
#include "localmamba/v1/vision.pb.h"
#include "server/pipeline/classify_question.h"
#include "server/pipeline/detect_question.h"
#include "server/pipeline/embed_question.h"
#include "server/pipeline/segment_question.h"
#include "server/pipeline/vision_pipeline.h"
#include "server/runtime/call_context.h"
#include "server/tracing/request_record.h"

namespace localmamba::server {

// The errors of all that read messages are INVALID_ARGUMENT, with a reject reason, naming the field
// that is missing or out of range.

// Errors also if it is too long to be written to logs.
absl::Status CheckRequestId(const std::string& request_id);

absl::StatusOr<std::string> ToVersion(const v1::ModelReference& model);
// Points into `image`.
absl::StatusOr<ImageSource> ToImageSource(const v1::Image& image);
absl::Duration ToDuration(const google::protobuf::Duration& proto);

// What all messages have that ask something about one image. Points into `request`.
template <class Request>
absl::StatusOr<ImageRequest> ToImageRequest(const Request& request, CallContext context) {
  ImageRequest result{.model = request.model().name(),
                      .scheduling = {.priority = request.priority(), .queue_timeout = {}},
                      .context = std::move(context)};
  LM_ASSIGN_OR_RETURN(result.version, ToVersion(request.model()));
  LM_ASSIGN_OR_RETURN(result.image, ToImageSource(request.image()));
  if (request.has_queue_timeout()) {
    result.scheduling.queue_timeout = ToDuration(request.queue_timeout());
  }
  return result;
}

// And what they ask.
absl::StatusOr<ClassifyQuestion> ToQuestion(const v1::ClassifyRequest& request);
absl::StatusOr<EmbedQuestion> ToQuestion(const v1::EmbedRequest& request);
absl::StatusOr<DetectQuestion> ToQuestion(const v1::DetectRequest& request);
absl::StatusOr<SegmentQuestion> ToQuestion(const v1::SegmentRequest& request);

void ToProto(const Classification& classification, v1::ClassifyResponse& response);
void ToProto(const Embedding& embedding, v1::EmbedResponse& response);
void ToProto(const FoundObjects& found, v1::DetectResponse& response);
void ToProto(const Segmentation& segmentation, v1::SegmentResponse& response);

void ToProto(const StageTimings& timings, v1::Timings& proto);
void ToProto(const Color& color, v1::Color& proto);
void ToProto(const RunLengths& mask, v1::CocoMask& proto);
void ToProto(const absl::Status& status, v1::FrameError& error);

// The whole of a response.
template <class Answer, class Response>
void ToResponse(const Answer& answer, const std::string& request_id, Response& response) {
  ToProto(answer, response);
  response.mutable_model()->set_name(answer.model);
  response.mutable_model()->set_number(answer.version);
  response.set_request_id(request_id);
  ToProto(answer.timings, *response.mutable_timings());
}

// Sets what the answer tells of itself.
void Describe(const VisionAnswer& answer, RequestRecord& record);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_VISION_CONVERSION_H_
