#include "client/cpp/vision_client.h"

#include <future>
#include <utility>

#include "absl/time/clock.h"
#include "client/cpp/call.h"
#include "client/cpp/grpc_classification_stream.h"
#include "client/cpp/retrying_call.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "localmamba/v1/vision.grpc.pb.h"

namespace localmamba::client {

struct VisionClient::Connection : std::enable_shared_from_this<Connection> {
  Connection(const std::string& target, const ClientOptions& options)
      : channel(Connect(target, {.only_healthy = options.only_healthy,
                                 .own_connection = options.own_connection})),
        stub(channel),
        retry(options.retry),
        budget(std::make_shared<RetryBudget>(options.retry)) {}

  // Starts `method` of the stub's asynchronous side, perhaps several times.
  template <class Request, class Response>
  std::shared_ptr<RunningCall> Start(
      void (v1::VisionService::StubInterface::async_interface::*method)(
          grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>),
      std::shared_ptr<const Request> request, absl::Duration timeout, Callback<Response> done) {
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

  const std::shared_ptr<grpc::Channel> channel;
  v1::VisionService::Stub stub;
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

std::shared_ptr<RunningCall> VisionClient::ClassifyAsync(
    std::shared_ptr<const v1::ClassifyRequest> request, absl::Duration timeout,
    Callback<v1::ClassifyResponse> done) const {
  return connection_->Start<v1::ClassifyRequest, v1::ClassifyResponse>(
      &v1::VisionService::StubInterface::async_interface::Classify, std::move(request), timeout,
      std::move(done));
}

std::shared_ptr<RunningCall> VisionClient::EmbedAsync(
    std::shared_ptr<const v1::EmbedRequest> request, absl::Duration timeout,
    Callback<v1::EmbedResponse> done) const {
  return connection_->Start<v1::EmbedRequest, v1::EmbedResponse>(
      &v1::VisionService::StubInterface::async_interface::Embed, std::move(request), timeout,
      std::move(done));
}

std::unique_ptr<ClassificationStream> VisionClient::ClassifyStream(const v1::StreamOptions& options,
                                                                   absl::Duration timeout) const {
  return OpenClassificationStream({connection_, &connection_->stub}, options,
                                  absl::Now() + timeout);
}

absl::StatusOr<v1::ListModelsResponse> VisionClient::ListModels(absl::Duration timeout) const {
  return Call<v1::ListModelsResponse>(connection_->stub, &v1::VisionService::Stub::ListModels,
                                      v1::ListModelsRequest(), timeout);
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
