// The FrameStream of a connection. Not part of the clients' interface.
#ifndef LOCALMAMBA_CLIENT_CPP_GRPC_FRAME_STREAM_H_
#define LOCALMAMBA_CLIENT_CPP_GRPC_FRAME_STREAM_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cpp/call.h"
#include "client/cpp/frame_stream.h"
#include "localmamba/v1/vision.grpc.pb.h"

namespace localmamba::client {

// `Message` holds a `Frame` or the options of the stream.
template <class Message, class Frame, class Answer>
class GrpcFrameStream final : public FrameStream<Frame, Answer> {
 public:
  using Call = std::unique_ptr<grpc::ClientReaderWriter<Message, Answer>>;

  // Begins the call.
  GrpcFrameStream(std::shared_ptr<v1::VisionService::Stub> stub,
                  Call (v1::VisionService::Stub::*method)(grpc::ClientContext*),
                  const v1::StreamOptions& options, absl::Time deadline)
      : stub_(std::move(stub)) {
    context_.set_deadline(absl::ToChronoTime(deadline));
    call_ = (stub_.get()->*method)(&context_);
    *first_.mutable_options() = options;
    call_->Write(first_);  // Send and Receive tell if that fails
  }

  ~GrpcFrameStream() override {
    if (finished_) return;
    context_.TryCancel();
    static_cast<void>(Finish());
  }

  bool Send(const Frame& frame) override {
    Message message;
    *message.mutable_frame() = frame;
    return call_->Write(message);
  }

  void CloseSending() override { call_->WritesDone(); }

  std::optional<Answer> Receive() override {
    Answer answer;
    if (!call_->Read(&answer)) return std::nullopt;
    return answer;
  }

  absl::Status Finish() override {
    while (Receive().has_value()) {
    }
    finished_ = true;
    return ToStatus(call_->Finish(), context_, first_);
  }

  void Cancel() override { context_.TryCancel(); }

 private:
  const std::shared_ptr<v1::VisionService::Stub> stub_;
  grpc::ClientContext context_;
  Message first_;
  Call call_;
  bool finished_ = false;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_GRPC_FRAME_STREAM_H_
