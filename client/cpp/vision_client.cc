#include "client/cpp/vision_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/time/clock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "localmamba/v1/vision.grpc.pb.h"

namespace localmamba::client {
namespace {

std::shared_ptr<grpc::Channel> Connect(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

// Calls `method` of a new stub.
template <class Response, class Stub, class Request>
absl::StatusOr<Response> Call(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request, absl::Duration timeout) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (status.ok()) return response;
  // Both enumerations have the numbers of google.rpc.Code.
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace

VisionClient::VisionClient(const std::string& target) : channel_(Connect(target)) {}

absl::StatusOr<v1::ClassifyResponse> VisionClient::Classify(const v1::ClassifyRequest& request,
                                                            absl::Duration timeout) const {
  v1::VisionService::Stub stub(channel_);
  return Call<v1::ClassifyResponse>(stub, &v1::VisionService::Stub::Classify, request, timeout);
}

absl::StatusOr<v1::EmbedResponse> VisionClient::Embed(const v1::EmbedRequest& request,
                                                      absl::Duration timeout) const {
  v1::VisionService::Stub stub(channel_);
  return Call<v1::EmbedResponse>(stub, &v1::VisionService::Stub::Embed, request, timeout);
}

absl::StatusOr<v1::ListModelsResponse> VisionClient::ListModels(absl::Duration timeout) const {
  v1::VisionService::Stub stub(channel_);
  return Call<v1::ListModelsResponse>(stub, &v1::VisionService::Stub::ListModels,
                                      v1::ListModelsRequest(), timeout);
}

absl::StatusOr<bool> VisionClient::IsServing(const std::string& model,
                                             absl::Duration timeout) const {
  using grpc::health::v1::Health;
  using grpc::health::v1::HealthCheckResponse;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(model);
  Health::Stub stub(channel_);
  const absl::StatusOr<HealthCheckResponse> response =
      Call<HealthCheckResponse>(stub, &Health::Stub::Check, request, timeout);
  if (!response.ok()) return response.status();
  return response->status() == HealthCheckResponse::SERVING;
}

}  // namespace localmamba::client
