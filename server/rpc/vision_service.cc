#include "server/rpc/vision_service.h"

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "kernels/base/status_macros.h"
#include "localmamba/v1/vision.grpc.pb.h"
#include "server/rpc/frame_stream.h"
#include "server/rpc/model_conversion.h"
#include "server/rpc/request_identity.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/vision_conversion.h"
#include "server/rpc/vision_methods.h"

namespace localmamba::server {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

template <class Method>
using StreamReactor =
    grpc::ServerBidiReactor<typename Method::StreamRequest, typename Method::StreamResponse>;

class VisionService final : public v1::VisionService::CallbackService {
 public:
  VisionService(VisionPipeline& pipeline, const Lifecycle& lifecycle, Admission& admission,
                ServerMetrics& metrics, RequestLog& log, size_t max_frames_per_stream)
      : pipeline_(pipeline),
        lifecycle_(lifecycle),
        admission_(admission),
        metrics_(metrics),
        log_(log),
        max_frames_per_stream_(max_frames_per_stream) {}

  ServerUnaryReactor* Classify(CallbackServerContext* context, const v1::ClassifyRequest* request,
                               v1::ClassifyResponse* response) override {
    return Answer<ClassifyMethod>(*context, *request, *response);
  }

  ServerUnaryReactor* Embed(CallbackServerContext* context, const v1::EmbedRequest* request,
                            v1::EmbedResponse* response) override {
    return Answer<EmbedMethod>(*context, *request, *response);
  }

  ServerUnaryReactor* Detect(CallbackServerContext* context, const v1::DetectRequest* request,
                             v1::DetectResponse* response) override {
    return Answer<DetectMethod>(*context, *request, *response);
  }

  ServerUnaryReactor* Segment(CallbackServerContext* context, const v1::SegmentRequest* request,
                              v1::SegmentResponse* response) override {
    return Answer<SegmentMethod>(*context, *request, *response);
  }

  StreamReactor<ClassifyMethod>* ClassifyStream(CallbackServerContext* context) override {
    return AnswerFrames<ClassifyMethod>(*context);
  }

  StreamReactor<DetectMethod>* DetectStream(CallbackServerContext* context) override {
    return AnswerFrames<DetectMethod>(*context);
  }

  StreamReactor<SegmentMethod>* SegmentStream(CallbackServerContext* context) override {
    return AnswerFrames<SegmentMethod>(*context);
  }

  ServerUnaryReactor* ListModels(CallbackServerContext* /*context*/,
                                 const v1::ListModelsRequest* /*request*/,
                                 v1::ListModelsResponse* response) override {
    auto* call = new UnaryCall("ListModels", metrics_);
    ToProto(pipeline_.models(), lifecycle_.ready(), *response);
    call->End(absl::OkStatus());
    return call;
  }

  ServerUnaryReactor* GetModel(CallbackServerContext* /*context*/,
                               const v1::GetModelRequest* request,
                               v1::GetModelResponse* response) override {
    auto* call = new UnaryCall("GetModel", metrics_);
    call->End(DescribeModel(pipeline_.models(), lifecycle_.ready(), *request, *response));
    return call;
  }

 private:
  template <class Method>
  ServerUnaryReactor* Answer(CallbackServerContext& context,
                             const typename Method::Request& request,
                             typename Method::Response& response) {
    auto* call = new UnaryCall(Method::kName, metrics_, &log_);
    const absl::Status begun = Begin<Method>(context, request, response, *call);
    if (!begun.ok()) call->End(begun);
    return call;
  }

  // If OK, the pipeline has the request, and ends `call`.
  template <class Method>
  absl::Status Begin(CallbackServerContext& context, const typename Method::Request& request,
                     typename Method::Response& response, UnaryCall& call) {
    Identify(request.request_id(), log_, context, call.record());
    LM_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
    LM_ASSIGN_OR_RETURN(Admission::Ticket ticket,
                        admission_.Admit(admission_.ClientOf(context), request.ByteSizeLong()));
    call.Keep(std::move(ticket));
    LM_ASSIGN_OR_RETURN(ImageRequest image, ToImageRequest(request, call.ContextOf(context)));
    LM_ASSIGN_OR_RETURN(const typename Method::Question question, ToQuestion(request));
    using Answer = typename Method::Question::Answer;
    pipeline_.Ask(std::move(image), question,
                  [&call, &request, &response](absl::StatusOr<Answer> answer) {
                    if (answer.ok()) {
                      ToResponse(*answer, request.request_id(), response);
                      Describe(*answer, call.record());
                    }
                    call.End(answer.status());
                  });
    return absl::OkStatus();
  }

  template <class Method>
  StreamReactor<Method>* AnswerFrames(CallbackServerContext& context) {
    RequestRecord record;
    Identify("", log_, context, record);
    using Frames = FrameStream<Method>;
    auto handler = std::make_unique<Frames>(
        typename Frames::Server{pipeline_, admission_, metrics_, log_},
        admission_.ClientOf(context), std::move(record), max_frames_per_stream_);
    return Frames::Stream::Create(Method::kStreamName, context, admission_.streams(), metrics_,
                                  std::move(handler))
        ->Begin();
  }

  VisionPipeline& pipeline_;
  const Lifecycle& lifecycle_;
  Admission& admission_;
  ServerMetrics& metrics_;
  RequestLog& log_;
  const size_t max_frames_per_stream_;
};

}  // namespace

std::unique_ptr<grpc::Service> CreateVisionService(VisionPipeline& pipeline,
                                                   const Lifecycle& lifecycle, Admission& admission,
                                                   ServerMetrics& metrics, RequestLog& log,
                                                   size_t max_frames_per_stream) {
  return std::make_unique<VisionService>(pipeline, lifecycle, admission, metrics, log,
                                         max_frames_per_stream);
}

}  // namespace localmamba::server
