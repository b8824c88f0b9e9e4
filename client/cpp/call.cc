#include "client/cpp/call.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

namespace localmamba::client {

std::shared_ptr<grpc::Channel> Connect(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace localmamba::client
