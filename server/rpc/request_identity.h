// By what a request is known in logs, here and at its caller's.
#ifndef LOCALMAMBA_SERVER_RPC_REQUEST_IDENTITY_H_
#define LOCALMAMBA_SERVER_RPC_REQUEST_IDENTITY_H_

#include <grpcpp/server_context.h>

#include <string>

#include "server/tracing/request_log.h"
#include "server/tracing/request_record.h"

namespace localmamba::server {

// Sets the ids of `record`: `request_id` if it is not empty, else the metadata x-request-id, else a
// new one; those of the trace from the metadata traceparent. Answers the caller with the id, as
// the initial metadata x-request-id. (Values that are too long, or no printable ASCII, are not
// taken from or put into metadata.)
void Identify(const std::string& request_id, RequestLog& log, grpc::ServerContextBase& context,
              RequestRecord& record);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_REQUEST_IDENTITY_H_
