#include "server/rpc/vision_service.h"

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "kernels/base/status_macros.h"
#include "localmamba/v1/vision.grpc.pb.h"
#include "server/rpc/classify_stream.h"
#include "server/rpc/request_identity.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/vision_conversion.h"

namespace localmamba::server {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// Ends `call` with an answer of the pipeline.
template <class Answer, class Request, class Response>
VisionPipeline::Callback<Answer> EndWith(UnaryCall* call, const Request* request,
                                         Response* response) {
  return [call, request, response](absl::StatusOr<Answer> answer) {
    if (answer.ok()) {
      response->set_request_id(request->request_id());
      ToProto(*answer, *response);
      Describe(*answer, call->record());
    }
    call->End(answer.status());
  };
}

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
    auto* call = new UnaryCall("Classify", metrics_, &log_);
    absl::StatusOr<ImageRequest> image = Admit(*context, *request, *call);
    if (!image.ok()) {
      call->End(image.status());
      return call;
    }
    std::optional<int64_t> top_k;
    if (request->has_top_k()) top_k = request->top_k();
    pipeline_.Classify(*std::move(image), top_k, EndWith<Classification>(call, request, response));
    return call;
  }

  ServerUnaryReactor* Embed(CallbackServerContext* context, const v1::EmbedRequest* request,
                            v1::EmbedResponse* response) override {
    auto* call = new UnaryCall("Embed", metrics_, &log_);
    absl::StatusOr<ImageRequest> image = Admit(*context, *request, *call);
    if (!image.ok()) {
      call->End(image.status());
      return call;
    }
    pipeline_.Embed(*std::move(image), EndWith<Embedding>(call, request, response));
    return call;
  }

  grpc::ServerBidiReactor<v1::ClassifyStreamRequest, v1::ClassifyStreamResponse>* ClassifyStream(
      CallbackServerContext* context) override {
    RequestRecord record;
    Identify("", log_, *context, record);
    auto handler = std::make_unique<server::ClassifyStream>(
        server::ClassifyStream::Server{pipeline_, admission_, metrics_, log_},
        admission_.ClientOf(*context), std::move(record), max_frames_per_stream_);
    return server::ClassifyStream::Stream::Create(server::ClassifyStream::kMethod, *context,
                                                  admission_.streams(), metrics_,
                                                  std::move(handler))
        ->Begin();
  }

  ServerUnaryReactor* ListModels(CallbackServerContext* /*context*/,
                                 const v1::ListModelsRequest* /*request*/,
                                 v1::ListModelsResponse* response) override {
    auto* call = new UnaryCall("ListModels", metrics_);
    ToProto(pipeline_.models(), lifecycle_.ready(), *response);
    call->End(absl::OkStatus());
    return call;
  }

 private:
  template <class Request>
  absl::StatusOr<ImageRequest> Admit(CallbackServerContext& context, const Request& request,
                                     UnaryCall& call) {
    Identify(request.request_id(), log_, context, call.record());
    LM_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
    LM_ASSIGN_OR_RETURN(Admission::Ticket ticket,
                        admission_.Admit(admission_.ClientOf(context), request.ByteSizeLong()));
    call.Keep(std::move(ticket));
    return ToImageRequest(request, call.ContextOf(context));
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
