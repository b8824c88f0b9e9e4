// A server whose answers a test writes down, one after the other.
#ifndef LOCALMAMBA_TESTS_CLIENT_CPP_SCRIPTED_SERVER_H_
#define LOCALMAMBA_TESTS_CLIENT_CPP_SCRIPTED_SERVER_H_

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "kernels/base/check.h"
#include "kernels/base/mutex.h"
#include "localmamba/v1/vision.grpc.pb.h"

namespace localmamba::client {

// Answers images, single ones and frames of streams, with the next status of the script, and with OK
// when it has ended. An answer bears the request's id; for the rest, those of Detect and Segment are
// what the test has set. Safe to use from several threads.
class ScriptedServer final : private v1::VisionService::Service {
 public:
  ScriptedServer() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    LM_CHECK(server_ != nullptr);
    SetServing(true);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() override {
    Release();
    server_->Shutdown();
  }

  // "127.0.0.1:PORT".
  [[nodiscard]] std::string target() const { return absl::StrCat("127.0.0.1:", port_); }

  void Answer(grpc::Status status) {
    MutexLock lock(mu_);
    script_.push_back(std::move(status));
  }

  void SetDetection(v1::DetectResponse response) {
    MutexLock lock(mu_);
    detection_ = std::move(response);
  }
  void SetSegmentation(v1::SegmentResponse response) {
    MutexLock lock(mu_);
    segmentation_ = std::move(response);
  }
  // The last one of Detect or DetectStream.
  [[nodiscard]] v1::DetectRequest detect_request() const {
    MutexLock lock(mu_);
    return detect_request_;
  }

  // Calls wait, from now on, until Release or until their caller leaves.
  void Hold() { SetHeld(true); }
  void Release() { SetHeld(false); }

  void SetServing(bool serving) { server_->GetHealthCheckService()->SetServingStatus(serving); }

  [[nodiscard]] int calls() const {
    MutexLock lock(mu_);
    return calls_;
  }

  void AwaitCalls(int count) const {
    MutexLock lock(mu_);
    mu_.Await([&] { return calls_ >= count; });
  }

 private:
  grpc::Status Classify(grpc::ServerContext* context, const v1::ClassifyRequest* request,
                        v1::ClassifyResponse* response) override {
    response->set_request_id(request->request_id());
    return Next(*context);
  }
  grpc::Status Embed(grpc::ServerContext* context, const v1::EmbedRequest* request,
                     v1::EmbedResponse* response) override {
    response->set_request_id(request->request_id());
    return Next(*context);
  }
  grpc::Status Detect(grpc::ServerContext* context, const v1::DetectRequest* request,
                      v1::DetectResponse* response) override {
    {
      MutexLock lock(mu_);
      detect_request_ = *request;
      *response = detection_;
    }
    response->set_request_id(request->request_id());
    return Next(*context);
  }
  grpc::Status Segment(grpc::ServerContext* context, const v1::SegmentRequest* request,
                       v1::SegmentResponse* response) override {
    {
      MutexLock lock(mu_);
      *response = segmentation_;
    }
    response->set_request_id(request->request_id());
    return Next(*context);
  }

  grpc::Status ClassifyStream(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::ClassifyStreamResponse, v1::ClassifyStreamRequest>* stream)
      override {
    return Stream(*context, *stream, [&](const v1::ClassifyRequest& frame, auto& response) {
      return Classify(context, &frame, response.mutable_classification());
    });
  }
  grpc::Status DetectStream(grpc::ServerContext* context,
                            grpc::ServerReaderWriter<v1::DetectStreamResponse,
                                                     v1::DetectStreamRequest>* stream) override {
    return Stream(*context, *stream, [&](const v1::DetectRequest& frame, auto& response) {
      return Detect(context, &frame, response.mutable_detection());
    });
  }
  grpc::Status SegmentStream(grpc::ServerContext* context,
                             grpc::ServerReaderWriter<v1::SegmentStreamResponse,
                                                      v1::SegmentStreamRequest>* stream) override {
    return Stream(*context, *stream, [&](const v1::SegmentRequest& frame, auto& response) {
      return Segment(context, &frame, response.mutable_segmentation());
    });
  }

  // An answer for each frame; a status of the script that is not OK becomes the frame's error, and
  // ABORTED ends the call.
  template <class Request, class Response, class Answer>
  grpc::Status Stream(const grpc::ServerContext& context,
                      grpc::ServerReaderWriter<Response, Request>& stream, Answer answer) {
    Request message;
    for (int64_t frame = 0; !context.IsCancelled() && stream.Read(&message);) {
      if (!message.has_frame()) continue;
      Response response;
      const grpc::Status status = answer(message.frame(), response);
      if (status.error_code() == grpc::StatusCode::ABORTED) return status;
      response.set_frame(frame++);
      response.set_request_id(message.frame().request_id());
      if (!status.ok()) {
        response.mutable_error()->set_code(status.error_code());
        response.mutable_error()->set_message(status.error_message());
      }
      stream.Write(response);
    }
    return grpc::Status::OK;
  }

  grpc::Status Next(const grpc::ServerContext& context) {
    MutexLock lock(mu_);
    ++calls_;
    while (held_ && !context.IsCancelled()) {
      mu_.AwaitFor([this] { return !held_; }, absl::Milliseconds(10));
    }
    if (script_.empty()) return grpc::Status::OK;
    const grpc::Status status = script_.front();
    script_.pop_front();
    return status;
  }

  void SetHeld(bool held) {
    MutexLock lock(mu_);
    held_ = held;
  }

  mutable Mutex mu_;
  std::deque<grpc::Status> script_ ABSL_GUARDED_BY(mu_);
  v1::DetectResponse detection_ ABSL_GUARDED_BY(mu_);
  v1::DetectRequest detect_request_ ABSL_GUARDED_BY(mu_);
  v1::SegmentResponse segmentation_ ABSL_GUARDED_BY(mu_);
  int calls_ ABSL_GUARDED_BY(mu_) = 0;
  bool held_ ABSL_GUARDED_BY(mu_) = false;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// RESOURCE_EXHAUSTED with google.rpc.RetryInfo.
inline grpc::Status Busy(absl::Duration retry_delay) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(retry_delay / absl::Seconds(1));
  info.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(retry_delay % absl::Seconds(1) / absl::Nanoseconds(1)));
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  return {grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full", details.SerializeAsString()};
}

}  // namespace localmamba::client

#endif  // LOCALMAMBA_TESTS_CLIENT_CPP_SCRIPTED_SERVER_H_
