// Messages as proto3 JSON, read strictly.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_PROTO_JSON_H_
#define LOCALMAMBA_SERVER_REPOSITORY_PROTO_JSON_H_

#include <google/protobuf/message.h>

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace localmamba {

// Merges the JSON object `json` of at most `max_bytes` into `message`. Errors: INVALID_ARGUMENT
// with the place or field: too long, no JSON, nested deeper than any of our messages, unknown or
// repeated field, value of another type.
absl::Status ParseProtoJson(absl::string_view json, size_t max_bytes,
                            google::protobuf::Message& message);

// Every field that has no presence of its own is written out, under its name in the .proto.
nlohmann::ordered_json ProtoToJson(const google::protobuf::Message& message);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_PROTO_JSON_H_
