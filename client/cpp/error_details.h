// What a status of a server carries beside code and message.
#ifndef LOCALMAMBA_CLIENT_CPP_ERROR_DETAILS_H_
#define LOCALMAMBA_CLIENT_CPP_ERROR_DETAILS_H_

namespace localmamba::client {

// Name of the payload of an absl::Status that holds a serialised google.rpc.Status. Absent if the
// server gave no details.
inline constexpr char kErrorDetails[] = "google.rpc.Status";

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_ERROR_DETAILS_H_
