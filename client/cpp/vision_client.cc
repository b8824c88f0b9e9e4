#include "client/cpp/vision_client.h"

#include "client/cpp/call.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "localmamba/v1/vision.grpc.pb.h"

namespace localmamba::client {
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
