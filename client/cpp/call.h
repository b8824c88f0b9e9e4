// How the clients reach a server. Not part of their interface.
#ifndef LOCALMAMBA_CLIENT_CPP_CALL_H_
#define LOCALMAMBA_CLIENT_CPP_CALL_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"

namespace localmamba::client {

struct ChannelOptions {
  bool only_healthy = false;    // as in ClientOptions
  bool own_connection = false;  // as in ClientOptions
};

// A connection that is not encrypted and bounds no message's size. With several addresses behind
// `target`, calls go to them in turn.
std::shared_ptr<grpc::Channel> Connect(const std::string& target, const ChannelOptions& options);

// How a call with `request` in `context` ended.
absl::Status ToStatus(const grpc::Status& status, const grpc::ClientContext& context,
                      const google::protobuf::Message& request);

// Calls a unary `method` of `stub`.
template <class Response, class Stub, class Request>
absl::StatusOr<Response> Call(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request, absl::Duration timeout) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (status.ok()) return response;
  return ToStatus(status, context, request);
}

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_CALL_H_
