#include "server/repository/proto_json.h"

#include <google/protobuf/util/json_util.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "model/weights/strict_json.h"

namespace localmamba {
namespace {

constexpr int kMaxJsonDepth = 16;  // an experiment needs 9

}  // namespace

absl::Status ParseProtoJson(absl::string_view json, size_t max_bytes,
                            google::protobuf::Message& message) {
  if (json.size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", json.size(), " bytes, wanted at most ", max_bytes));
  }
  // Protobuf's parser takes repeated keys and names no place in malformed text.
  LM_ASSIGN_OR_RETURN(const nlohmann::json value, ParseStrictJson(json, kMaxJsonDepth));
  if (!value.is_object()) return absl::InvalidArgumentError("is no JSON object");
  const auto parsed =
      google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &message);
  if (parsed.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::string_view(parsed.message().data(), parsed.message().size()));
}

nlohmann::ordered_json ProtoToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto printed = google::protobuf::util::MessageToJsonString(message, &text, options);
  LM_CHECK(printed.ok());
  return nlohmann::ordered_json::parse(text);
}

}  // namespace localmamba
