// A client of a LocalMamba server.
//
//   VisionClient client("127.0.0.1:8500");
//   localmamba::v1::ClassifyRequest request;
//   request.mutable_image()->set_encoded(jpeg_bytes);
//   absl::StatusOr<localmamba::v1::ClassifyResponse> response =
//       client.Classify(request, absl::Seconds(10));
//
// With repetitions, over two servers, and without waiting:
//
//   VisionClient client("ipv4:10.0.0.1:8500,10.0.0.2:8500",
//                       {.only_healthy = true, .retry = {.max_attempts = 4}});
//   client.ClassifyAsync(std::make_shared<localmamba::v1::ClassifyRequest>(request),
//                        absl::Seconds(10), [](auto response) { ... });
#ifndef LOCALMAMBA_CLIENT_CPP_VISION_CLIENT_H_
#define LOCALMAMBA_CLIENT_CPP_VISION_CLIENT_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cpp/frame_stream.h"
#include "client/cpp/retry.h"
#include "client/cpp/running_call.h"
#include "localmamba/v1/vision.pb.h"

namespace localmamba::client {

struct ClientOptions {
  // Leave servers out that say NOT_SERVING, as one that drains does, before they refuse. Without a
  // server left, calls get UNAVAILABLE.
  bool only_healthy = false;
  // A connection of its own instead of one shared with other clients of this process. One
  // connection carries some thousand requests a second at most.
  bool own_connection = false;
  // Of Classify, Embed, Detect and Segment. Off by default.
  RetryOptions retry;
};

// Safe to call from several threads, and cheap to copy: copies share connection and retry budget.
// Connects when first used and again after a failure. A call gives the server's status:
// proto/localmamba/v1/vision.proto lists what each code means; and UNAVAILABLE if no connection
// comes about, DEADLINE_EXCEEDED if `timeout` passes, which counts repetitions in.
class VisionClient {
 public:
  template <class Response>
  using Callback = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

  // `target` is "host:port"; the connection is not encrypted. Messages may have any size. A name
  // with several addresses, or "ipv4:ADDRESS:PORT,ADDRESS:PORT", spreads calls over all servers that
  // can be reached, in turn.
  explicit VisionClient(const std::string& target, const ClientOptions& options = {});

  absl::StatusOr<v1::ClassifyResponse> Classify(const v1::ClassifyRequest& request,
                                                absl::Duration timeout) const;
  absl::StatusOr<v1::EmbedResponse> Embed(const v1::EmbedRequest& request,
                                          absl::Duration timeout) const;
  absl::StatusOr<v1::DetectResponse> Detect(const v1::DetectRequest& request,
                                            absl::Duration timeout) const;
  absl::StatusOr<v1::SegmentResponse> Segment(const v1::SegmentRequest& request,
                                              absl::Duration timeout) const;

  // The same without waiting: `done` is called once, later, from a thread of gRPC, which it must
  // not block. The call outlives the client.
  std::shared_ptr<RunningCall> ClassifyAsync(std::shared_ptr<const v1::ClassifyRequest> request,
                                             absl::Duration timeout,
                                             Callback<v1::ClassifyResponse> done) const;
  std::shared_ptr<RunningCall> EmbedAsync(std::shared_ptr<const v1::EmbedRequest> request,
                                          absl::Duration timeout,
                                          Callback<v1::EmbedResponse> done) const;
  std::shared_ptr<RunningCall> DetectAsync(std::shared_ptr<const v1::DetectRequest> request,
                                           absl::Duration timeout,
                                           Callback<v1::DetectResponse> done) const;
  std::shared_ptr<RunningCall> SegmentAsync(std::shared_ptr<const v1::SegmentRequest> request,
                                            absl::Duration timeout,
                                            Callback<v1::SegmentResponse> done) const;

  // Frames and answers over one call, which ends after `timeout`. Nothing is repeated.
  std::unique_ptr<ClassificationStream> ClassifyStream(const v1::StreamOptions& options,
                                                       absl::Duration timeout) const;
  std::unique_ptr<DetectionStream> DetectStream(const v1::StreamOptions& options,
                                                absl::Duration timeout) const;
  std::unique_ptr<SegmentationStream> SegmentStream(const v1::StreamOptions& options,
                                                    absl::Duration timeout) const;

  absl::StatusOr<v1::ListModelsResponse> ListModels(absl::Duration timeout) const;
  absl::StatusOr<v1::GetModelResponse> GetModel(const v1::GetModelRequest& request,
                                                absl::Duration timeout) const;

  // Whether the server ("") or one of its models is ready, from the standard health service.
  // NOT_FOUND for an unknown model.
  absl::StatusOr<bool> IsServing(const std::string& model, absl::Duration timeout) const;

 private:
  struct Connection;

  std::shared_ptr<Connection> connection_;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_VISION_CLIENT_H_
