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
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/cpp/error_details.h"

namespace localmamba::client {

// A connection that is not encrypted and bounds no message's size.
std::shared_ptr<grpc::Channel> Connect(const std::string& target);

// How a call in `context` ended.
inline absl::Status ToStatus(const grpc::Status& status, const grpc::ClientContext& context) {
  // All that gRPC says of a service that a server does not have.
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED && status.error_message().empty()) {
    return absl::UnimplementedError(
        absl::StrCat("the server at ", context.peer(), " has no such service"));
  }
  // Both enumerations have the numbers of google.rpc.Code.
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  if (!status.ok() && !status.error_details().empty()) {
    result.SetPayload(kErrorDetails, absl::Cord(status.error_details()));
  }
  return result;
}

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
  return ToStatus(status, context);
}

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_CALL_H_
