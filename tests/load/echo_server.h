// The least a server can do: it answers every request with the same message.
#ifndef LOCALMAMBA_TESTS_LOAD_ECHO_SERVER_H_
#define LOCALMAMBA_TESTS_LOAD_ECHO_SERVER_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "inference/grpc_service.grpc.pb.h"
#include "kernels/base/check.h"
#include "localmamba/v1/vision.grpc.pb.h"

namespace localmamba {

// Offers Classify and ModelInfer.
class EchoServer final : private v1::VisionService::CallbackService,
                         private inference::GRPCInferenceService::CallbackService {
 public:
  EchoServer(v1::ClassifyResponse classified, inference::ModelInferResponse inferred)
      : classified_(std::move(classified)), inferred_(std::move(inferred)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(static_cast<v1::VisionService::CallbackService*>(this));
    builder.RegisterService(static_cast<inference::GRPCInferenceService::CallbackService*>(this));
    server_ = builder.BuildAndStart();
    LM_CHECK(server_ != nullptr);
  }

  [[nodiscard]] std::string target() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  grpc::ServerUnaryReactor* Classify(grpc::CallbackServerContext* context,
                                     const v1::ClassifyRequest* /*request*/,
                                     v1::ClassifyResponse* response) override {
    *response = classified_;
    return Finish(*context);
  }

  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context,
                                       const inference::ModelInferRequest* /*request*/,
                                       inference::ModelInferResponse* response) override {
    *response = inferred_;
    return Finish(*context);
  }

  static grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext& context) {
    grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  const v1::ClassifyResponse classified_;
  const inference::ModelInferResponse inferred_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_LOAD_ECHO_SERVER_H_
