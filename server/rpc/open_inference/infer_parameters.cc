#include "server/rpc/open_inference/infer_parameters.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/open_inference/quoted.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

using inference::InferParameter;

constexpr char kRegion[] = "shared_memory_region";
constexpr char kOffset[] = "shared_memory_offset";
constexpr char kByteSize[] = "shared_memory_byte_size";
constexpr char kClassification[] = "classification";

const InferParameter* Find(const InferParameters& parameters, const char* key) {
  const auto found = parameters.find(key);
  return found == parameters.end() ? nullptr : &found->second;
}

std::string TypeOf(const InferParameter& parameter) {
  switch (parameter.parameter_choice_case()) {
    case InferParameter::kBoolParam:
      return "bool_param";
    case InferParameter::kInt64Param:
      return "int64_param";
    case InferParameter::kStringParam:
      return "string_param";
    case InferParameter::kDoubleParam:
      return "double_param";
    case InferParameter::kUint64Param:
      return "uint64_param";
    case InferParameter::PARAMETER_CHOICE_NOT_SET:
      break;
  }
  return "no value";
}

absl::Status WrongType(absl::string_view key, const InferParameter& found,
                       absl::string_view wanted) {
  return InvalidRequest(
      absl::StrCat("parameter ", Quoted(key), ": found ", TypeOf(found), ", wanted ", wanted));
}

// An integer of at least `low`, given as int64_param or, if it may be one, as uint64_param.
absl::StatusOr<uint64_t> ReadInteger(absl::string_view key, const InferParameter& found,
                                     int64_t low, bool may_be_unsigned) {
  if (may_be_unsigned && found.has_uint64_param()) return found.uint64_param();
  if (!found.has_int64_param()) {
    return WrongType(key, found, may_be_unsigned ? "int64_param or uint64_param" : "int64_param");
  }
  if (found.int64_param() < low) {
    return InvalidRequest(absl::StrCat("parameter ", Quoted(key), ": found ", found.int64_param(),
                                       ", wanted ", low, " or more"));
  }
  return static_cast<uint64_t>(found.int64_param());
}

absl::Status CheckNoSequence(absl::string_view key, const InferParameter& found) {
  const bool none = (found.has_int64_param() && found.int64_param() == 0) ||
                    (found.has_uint64_param() && found.uint64_param() == 0) ||
                    (found.has_string_param() && found.string_param().empty()) ||
                    (found.has_bool_param() && !found.bool_param());
  if (none) return absl::OkStatus();
  return Reject(RejectReason::kInvalidRequest,
                absl::UnimplementedError(
                    absl::StrCat("parameter ", Quoted(key),
                                 ": no model keeps anything between requests, wanted none or 0")));
}

// One that is left to the model.
absl::Status CheckCustom(absl::string_view key, const InferParameter& found) {
  if (absl::StartsWith(key, "triton_")) {
    return InvalidRequest(absl::StrCat("parameter ", Quoted(key),
                                       ": names that begin with \"triton_\" are reserved"));
  }
  if (key == "headers" || key == "binary_data_output") {
    return InvalidRequest(absl::StrCat("parameter ", Quoted(key), ": the name is reserved"));
  }
  if (found.has_uint64_param() ||
      found.parameter_choice_case() == InferParameter::PARAMETER_CHOICE_NOT_SET) {
    return WrongType(key, found, "bool_param, int64_param, string_param or double_param");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RequestParameters> ReadRequestParameters(const InferParameters& parameters) {
  RequestParameters result;
  for (const auto& [key, found] : parameters) {
    if (key == "priority") {
      LM_ASSIGN_OR_RETURN(result.priority, ReadInteger(key, found, 0, true));
    } else if (key == "timeout") {
      LM_ASSIGN_OR_RETURN(const uint64_t microseconds, ReadInteger(key, found, 0, false));
      if (microseconds > 0) {
        result.timeout = absl::Microseconds(static_cast<int64_t>(microseconds));
      }
    } else if (key == "sequence_id" || key == "sequence_start" || key == "sequence_end") {
      LM_RETURN_IF_ERROR(CheckNoSequence(key, found));
    } else if (key == "triton_enable_empty_final_response") {
      // Of a stream of many answers to one request; here each has one, which is the final one.
      if (!found.has_bool_param()) return WrongType(key, found, "bool_param");
    } else {
      LM_RETURN_IF_ERROR(CheckCustom(key, found));
    }
  }
  return result;
}

absl::StatusOr<std::optional<SharedMemorySlice>> ReadSharedMemorySlice(
    const InferParameters& parameters, absl::string_view tensor) {
  const InferParameter* region = Find(parameters, kRegion);
  const InferParameter* offset = Find(parameters, kOffset);
  const InferParameter* byte_size = Find(parameters, kByteSize);
  if (region == nullptr) {
    for (const char* key : {kOffset, kByteSize}) {
      if (parameters.contains(key)) {
        return InvalidRequest(absl::StrCat(tensor, ": parameter \"", key, "\" without \"", kRegion,
                                           "\", wanted both or none"));
      }
    }
    return std::optional<SharedMemorySlice>();
  }
  if (!region->has_string_param()) {
    return Annotate(WrongType(kRegion, *region, "string_param"), tensor);
  }
  SharedMemorySlice slice{.region = region->string_param()};
  if (slice.region.empty()) {
    return InvalidRequest(
        absl::StrCat(tensor, ": parameter \"", kRegion, "\": found \"\", wanted a name"));
  }
  if (byte_size == nullptr) {
    return InvalidRequest(absl::StrCat(tensor, ": parameter \"", kRegion, "\" without \"",
                                       kByteSize, "\", wanted both"));
  }
  absl::StatusOr<uint64_t> size = ReadInteger(kByteSize, *byte_size, 0, false);
  if (!size.ok()) return Annotate(size.status(), tensor);
  slice.byte_size = *size;
  if (offset != nullptr) {
    absl::StatusOr<uint64_t> begin = ReadInteger(kOffset, *offset, 0, false);
    if (!begin.ok()) return Annotate(begin.status(), tensor);
    slice.offset = *begin;
  }
  return std::optional<SharedMemorySlice>(std::move(slice));
}

absl::StatusOr<std::optional<int64_t>> ReadClassification(const InferParameters& parameters,
                                                          absl::string_view tensor) {
  const InferParameter* found = Find(parameters, kClassification);
  if (found == nullptr) return std::optional<int64_t>();
  const absl::StatusOr<uint64_t> classes = ReadInteger(kClassification, *found, 1, false);
  if (!classes.ok()) return Annotate(classes.status(), tensor);
  return std::optional<int64_t>(static_cast<int64_t>(*classes));
}

}  // namespace localmamba::server
