#include "server/rpc/vision_service.h"

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "localmamba/v1/vision.grpc.pb.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/vision_conversion.h"
#include "server/runtime/rejection.h"

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
    }
    call->End(answer.status());
  };
}

class VisionService final : public v1::VisionService::CallbackService {
 public:
  VisionService(VisionPipeline& pipeline, const Lifecycle& lifecycle, ServerMetrics& metrics,
                int64_t max_in_flight_bytes)
      : pipeline_(pipeline),
        lifecycle_(lifecycle),
        metrics_(metrics),
        in_flight_bytes_(max_in_flight_bytes) {}

  ServerUnaryReactor* Classify(CallbackServerContext* context, const v1::ClassifyRequest* request,
                               v1::ClassifyResponse* response) override {
    auto* call = new UnaryCall("Classify", metrics_);
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
    auto* call = new UnaryCall("Embed", metrics_);
    absl::StatusOr<ImageRequest> image = Admit(*context, *request, *call);
    if (!image.ok()) {
      call->End(image.status());
      return call;
    }
    pipeline_.Embed(*std::move(image), EndWith<Embedding>(call, request, response));
    return call;
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
  absl::StatusOr<ImageRequest> Admit(const CallbackServerContext& context, const Request& request,
                                     UnaryCall& call) {
    const Phase phase = lifecycle_.phase();
    if (phase == Phase::kLoading || phase == Phase::kStopping) {
      return Reject(RejectReason::kDraining,
                    absl::UnavailableError(absl::StrCat("the server is ", ToString(phase))));
    }
    if (const absl::Status failure = lifecycle_.failure(); !failure.ok()) {
      return Reject(
          RejectReason::kDeviceLost,
          absl::UnavailableError(absl::StrCat(
              "the server's device has failed, it must be restarted: ", failure.message())));
    }
    LM_RETURN_IF_ERROR(call.Hold(in_flight_bytes_, request.ByteSizeLong()));
    return ToImageRequest(request.model(), request.image(), call.ContextOf(context));
  }

  VisionPipeline& pipeline_;
  const Lifecycle& lifecycle_;
  ServerMetrics& metrics_;
  ByteBudget in_flight_bytes_;
};

}  // namespace

std::unique_ptr<grpc::Service> CreateVisionService(VisionPipeline& pipeline,
                                                   const Lifecycle& lifecycle,
                                                   ServerMetrics& metrics,
                                                   int64_t max_in_flight_bytes) {
  return std::make_unique<VisionService>(pipeline, lifecycle, metrics, max_in_flight_bytes);
}

}  // namespace localmamba::server
