#include "client/cpp/vision_client.h"

#include <future>
#include <utility>

#include "absl/time/clock.h"
#include "client/cpp/call.h"
#include "client/cpp/grpc_frame_stream.h"
#include "client/cpp/retrying_call.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "localmamba/v1/vision.grpc.pb.h"

namespace localmamba::client {

namespace {

using Stub = v1::VisionService::Stub;
using AsyncStub = v1::VisionService::StubInterface::async_interface;

}  // namespace

struct VisionClient::Connection : std::enable_shared_from_this<Connection> {
  Connection(const std::string& target, const ClientOptions& options)
      : channel(Connect(target, {.only_healthy = options.only_healthy,
                                 .own_connection = options.own_connection})),
        stub(channel),
        retry(options.retry),
        budget(std::make_shared<RetryBudget>(options.retry)) {}

  // Starts `method` of the stub's asynchronous side, perhaps several times.
  template <class Request, class Response>
  std::shared_ptr<RunningCall> Start(void (AsyncStub::*method)(grpc::ClientContext*, const Request*,
                                                               Response*,
                                                               std::function<void(grpc::Status)>),
                                     std::shared_ptr<const Request> request, absl::Duration timeout,
                                     Callback<Response> done) {
    auto response = std::make_shared<Response>();
    auto attempt = [method, request = std::move(request), response, self = shared_from_this()](
                       grpc::ClientContext& context, std::function<void(absl::Status)> ended) {
      (self->stub.async()->*method)(
          &context, request.get(), response.get(),
          [&context, request, ended = std::move(ended)](const grpc::Status& status) {
            ended(status.ok() ? absl::OkStatus() : ToStatus(status, context, *request));
          });
    };
    return RetryingCall::Start(std::move(attempt), absl::Now() + timeout, retry, budget,
                               [response, done = std::move(done)](absl::Status status) mutable {
                                 if (status.ok()) {
                                   done(std::move(*response));
                                 } else {
                                   done(std::move(status));
                                 }
                               });
  }

  template <class Message, class Frame, class Answer>
  std::unique_ptr<FrameStream<Frame, Answer>> Stream(
      std::unique_ptr<grpc::ClientReaderWriter<Message, Answer>> (Stub::*method)(
          grpc::ClientContext*),
      const v1::StreamOptions& options, absl::Duration timeout) {
    return std::make_unique<GrpcFrameStream<Message, Frame, Answer>>(
        std::shared_ptr<Stub>(shared_from_this(), &stub), method, options, absl::Now() + timeout);
  }

  const std::shared_ptr<grpc::Channel> channel;
  Stub stub;
  const RetryOptions retry;
  const std::shared_ptr<RetryBudget> budget;
};

namespace {

// Waits for what `start` passes to the callback that it is given.
template <class Response, class Start>
absl::StatusOr<Response> Await(Start start) {
  std::promise<absl::StatusOr<Response>> promise;
  start([&promise](absl::StatusOr<Response> response) { promise.set_value(std::move(response)); });
  return promise.get_future().get();
}

// For calls that end before `request` does.
template <class Request>
std::shared_ptr<const Request> Borrow(const Request& request) {
  return {std::shared_ptr<const Request>(), &request};
}

}  // namespace

VisionClient::VisionClient(const std::string& target, const ClientOptions& options)
    : connection_(std::make_shared<Connection>(target, options)) {}

absl::StatusOr<v1::ClassifyResponse> VisionClient::Classify(const v1::ClassifyRequest& request,
                                                            absl::Duration timeout) const {
  return Await<v1::ClassifyResponse>([&](Callback<v1::ClassifyResponse> done) {
    ClassifyAsync(Borrow(request), timeout, std::move(done));
  });
}

absl::StatusOr<v1::EmbedResponse> VisionClient::Embed(const v1::EmbedRequest& request,
                                                      absl::Duration timeout) const {
  return Await<v1::EmbedResponse>([&](Callback<v1::EmbedResponse> done) {
    EmbedAsync(Borrow(request), timeout, std::move(done));
  });
}

absl::StatusOr<v1::DetectResponse> VisionClient::Detect(const v1::DetectRequest& request,
                                                        absl::Duration timeout) const {
  return Await<v1::DetectResponse>([&](Callback<v1::DetectResponse> done) {
    DetectAsync(Borrow(request), timeout, std::move(done));
  });
}

absl::StatusOr<v1::SegmentResponse> VisionClient::Segment(const v1::SegmentRequest& request,
                                                          absl::Duration timeout) const {
  return Await<v1::SegmentResponse>([&](Callback<v1::SegmentResponse> done) {
    SegmentAsync(Borrow(request), timeout, std::move(done));
  });
}

std::shared_ptr<RunningCall> VisionClient::ClassifyAsync(
    std::shared_ptr<const v1::ClassifyRequest> request, absl::Duration timeout,
    Callback<v1::ClassifyResponse> done) const {
  return connection_->Start<v1::ClassifyRequest, v1::ClassifyResponse>(
      &AsyncStub::Classify, std::move(request), timeout, std::move(done));
}

std::shared_ptr<RunningCall> VisionClient::EmbedAsync(
    std::shared_ptr<const v1::EmbedRequest> request, absl::Duration timeout,
    Callback<v1::EmbedResponse> done) const {
  return connection_->Start<v1::EmbedRequest, v1::EmbedResponse>(
      &AsyncStub::Embed, std::move(request), timeout, std::move(done));
}

std::shared_ptr<RunningCall> VisionClient::DetectAsync(
    std::shared_ptr<const v1::DetectRequest> request, absl::Duration timeout,
    Callback<v1::DetectResponse> done) const {
  return connection_->Start<v1::DetectRequest, v1::DetectResponse>(
      &AsyncStub::Detect, std::move(request), timeout, std::move(done));
}

std::shared_ptr<RunningCall> VisionClient::SegmentAsync(
    std::shared_ptr<const v1::SegmentRequest> request, absl::Duration timeout,
    Callback<v1::SegmentResponse> done) const {
  return connection_->Start<v1::SegmentRequest, v1::SegmentResponse>(
      &AsyncStub::Segment, std::move(request), timeout, std::move(done));
}

std::unique_ptr<ClassificationStream> VisionClient::ClassifyStream(const v1::StreamOptions& options,
                                                                   absl::Duration timeout) const {
  return connection_->Stream<v1::ClassifyStreamRequest, v1::ClassifyRequest>(&Stub::ClassifyStream,
                                                                             options, timeout);
}

std::unique_ptr<DetectionStream> VisionClient::DetectStream(const v1::StreamOptions& options,
                                                            absl::Duration timeout) const {
  return connection_->Stream<v1::DetectStreamRequest, v1::DetectRequest>(&Stub::DetectStream,
                                                                         options, timeout);
}

std::unique_ptr<SegmentationStream> VisionClient::SegmentStream(const v1::StreamOptions& options,
                                                                absl::Duration timeout) const {
  return connection_->Stream<v1::SegmentStreamRequest, v1::SegmentRequest>(&Stub::SegmentStream,
                                                                           options, timeout);
}

absl::StatusOr<v1::ListModelsResponse> VisionClient::ListModels(absl::Duration timeout) const {
  return Call<v1::ListModelsResponse>(connection_->stub, &Stub::ListModels, v1::ListModelsRequest(),
                                      timeout);
}

absl::StatusOr<v1::GetModelResponse> VisionClient::GetModel(const v1::GetModelRequest& request,
                                                            absl::Duration timeout) const {
  return Call<v1::GetModelResponse>(connection_->stub, &Stub::GetModel, request, timeout);
}

absl::StatusOr<bool> VisionClient::IsServing(const std::string& model,
                                             absl::Duration timeout) const {
  using grpc::health::v1::Health;
  using grpc::health::v1::HealthCheckResponse;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(model);
  Health::Stub stub(connection_->channel);
  const absl::StatusOr<HealthCheckResponse> response =
      Call<HealthCheckResponse>(stub, &Health::Stub::Check, request, timeout);
  if (!response.ok()) return response.status();
  return response->status() == HealthCheckResponse::SERVING;
}

}  // namespace localmamba::client
