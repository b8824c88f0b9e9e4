// Text in requests that the system would read as another text.
#ifndef LOCALMAMBA_SERVER_RPC_CHECK_TEXT_H_
#define LOCALMAMBA_SERVER_RPC_CHECK_TEXT_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace localmamba::server {

// Errors: INVALID_ARGUMENT naming the first field of `message`, at any depth, whose text has a NUL
// character, at which paths would end. (That it is UTF-8 is seen to when a message is parsed.)
absl::Status CheckText(const google::protobuf::Message& message);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_CHECK_TEXT_H_
