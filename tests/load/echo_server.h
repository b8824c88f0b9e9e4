// The least a server can do: it answers every Classify with the same message.
#ifndef LOCALMAMBA_TESTS_LOAD_ECHO_SERVER_H_
#define LOCALMAMBA_TESTS_LOAD_ECHO_SERVER_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "localmamba/v1/vision.grpc.pb.h"

namespace localmamba {

class EchoServer final : private v1::VisionService::CallbackService {
 public:
  explicit EchoServer(v1::ClassifyResponse response) : response_(std::move(response)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    LM_CHECK(server_ != nullptr);
  }

  [[nodiscard]] std::string target() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  grpc::ServerUnaryReactor* Classify(grpc::CallbackServerContext* context,
                                     const v1::ClassifyRequest* /*request*/,
                                     v1::ClassifyResponse* response) override {
    *response = response_;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  const v1::ClassifyResponse response_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_LOAD_ECHO_SERVER_H_
