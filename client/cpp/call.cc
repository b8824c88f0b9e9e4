#include "client/cpp/call.h"

#include <grpc/impl/codegen/grpc_types.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/error_details.h"

namespace localmamba::client {
namespace {

constexpr char kRoundRobin[] = R"("loadBalancingConfig": [{"round_robin": {}}])";
// Of the server as a whole.
constexpr char kHealthCheck[] = R"("healthCheckConfig": {"serviceName": ""}, )";

// gRPC says UNIMPLEMENTED, and nothing more, if the server lacks the service or cannot parse the
// request.
absl::Status Explain(const grpc::ClientContext& context, const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> parsed(request.New());
  if (!parsed->ParseFromString(request.SerializeAsString())) {
    return absl::InvalidArgumentError("the request has text that is not UTF-8");
  }
  return absl::UnimplementedError(
      absl::StrCat("the server at ", context.peer(), " has no such service"));
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& target, const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(
      absl::StrCat("{", options.only_healthy ? kHealthCheck : "", kRoundRobin, "}"));
  if (options.own_connection) arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

absl::Status ToStatus(const grpc::Status& status, const grpc::ClientContext& context,
                      const google::protobuf::Message& request) {
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED && status.error_message().empty()) {
    return Explain(context, request);
  }
  // Both enumerations have the numbers of google.rpc.Code.
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  if (!status.ok() && !status.error_details().empty()) {
    result.SetPayload(kErrorDetails, absl::Cord(status.error_details()));
  }
  return result;
}

}  // namespace localmamba::client
