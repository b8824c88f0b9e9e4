#include "client/cpp/grpc_classification_stream.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <utility>

#include "client/cpp/call.h"

namespace localmamba::client {
namespace {

class GrpcClassificationStream final : public ClassificationStream {
 public:
  GrpcClassificationStream(std::shared_ptr<v1::VisionService::Stub> stub,
                           const v1::StreamOptions& options, absl::Time deadline)
      : stub_(std::move(stub)) {
    context_.set_deadline(absl::ToChronoTime(deadline));
    stream_ = stub_->ClassifyStream(&context_);
    *first_.mutable_options() = options;
    stream_->Write(first_);  // Send and Receive tell if that fails
  }

  ~GrpcClassificationStream() override {
    if (finished_) return;
    context_.TryCancel();
    static_cast<void>(Finish());
  }

  bool Send(const v1::ClassifyRequest& frame) override {
    v1::ClassifyStreamRequest message;
    *message.mutable_frame() = frame;
    return stream_->Write(message);
  }

  void CloseSending() override { stream_->WritesDone(); }

  std::optional<v1::ClassifyStreamResponse> Receive() override {
    v1::ClassifyStreamResponse response;
    if (!stream_->Read(&response)) return std::nullopt;
    return response;
  }

  absl::Status Finish() override {
    while (Receive().has_value()) {
    }
    finished_ = true;
    return ToStatus(stream_->Finish(), context_, first_);
  }

  void Cancel() override { context_.TryCancel(); }

 private:
  const std::shared_ptr<v1::VisionService::Stub> stub_;
  grpc::ClientContext context_;
  v1::ClassifyStreamRequest first_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ClassifyStreamRequest, v1::ClassifyStreamResponse>>
      stream_;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<ClassificationStream> OpenClassificationStream(
    std::shared_ptr<v1::VisionService::Stub> stub, const v1::StreamOptions& options,
    absl::Time deadline) {
  return std::make_unique<GrpcClassificationStream>(std::move(stub), options, deadline);
}

}  // namespace localmamba::client
