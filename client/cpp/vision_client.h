// A blocking client of a LocalMamba server.
//
//   VisionClient client("127.0.0.1:8500");
//   localmamba::v1::ClassifyRequest request;
//   request.mutable_image()->set_encoded(jpeg_bytes);
//   absl::StatusOr<localmamba::v1::ClassifyResponse> response =
//       client.Classify(request, absl::Seconds(10));
#ifndef LOCALMAMBA_CLIENT_CPP_VISION_CLIENT_H_
#define LOCALMAMBA_CLIENT_CPP_VISION_CLIENT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "localmamba/v1/vision.pb.h"

namespace grpc {
class Channel;
}

namespace localmamba::client {

// Safe to call from several threads. Connects when first used and again after a failure. A call
// gives the server's status: proto/localmamba/v1/vision.proto lists what each code means; and
// UNAVAILABLE if no connection comes about, DEADLINE_EXCEEDED if `timeout` passes.
class VisionClient {
 public:
  // `target` is "host:port"; the connection is not encrypted. Messages may have any size.
  explicit VisionClient(const std::string& target);

  absl::StatusOr<v1::ClassifyResponse> Classify(const v1::ClassifyRequest& request,
                                                absl::Duration timeout) const;
  absl::StatusOr<v1::EmbedResponse> Embed(const v1::EmbedRequest& request,
                                          absl::Duration timeout) const;
  absl::StatusOr<v1::ListModelsResponse> ListModels(absl::Duration timeout) const;

  // Whether the server ("") or one of its models is ready, from the standard health service.
  // NOT_FOUND for an unknown model.
  absl::StatusOr<bool> IsServing(const std::string& model, absl::Duration timeout) const;

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_VISION_CLIENT_H_
