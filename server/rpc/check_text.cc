#include "server/rpc/check_text.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "kernels/base/status_macros.h"

namespace localmamba::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status CheckOne(const std::string& field, const std::string& text) {
  if (!absl::StrContains(text, '\0')) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": found a NUL character, wanted text without"));
}

// prefix: of the names of fields, as in "run.data.".
absl::Status CheckFields(const std::string& prefix, const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name = absl::StrCat(prefix, field->name());
    const bool repeated = field->is_repeated();
    const int count = repeated ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        LM_RETURN_IF_ERROR(CheckFields(absl::StrCat(name, "."),
                                       repeated ? reflection.GetRepeatedMessage(message, field, i)
                                                : reflection.GetMessage(message, field)));
      } else if (field->type() == FieldDescriptor::TYPE_STRING) {
        LM_RETURN_IF_ERROR(CheckOne(name, repeated ? reflection.GetRepeatedString(message, field, i)
                                                   : reflection.GetString(message, field)));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckText(const Message& message) { return CheckFields("", message); }

}  // namespace localmamba::server
