#include "server/rpc/request_identity.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/string_view.h"
#include "server/tracing/trace_context.h"

namespace localmamba::server {
namespace {

constexpr char kRequestId[] = "x-request-id";
constexpr size_t kMaxBytes = 256;

// gRPC ends the process over other values in metadata.
bool FitsMetadata(absl::string_view value) {
  return !value.empty() && value.size() <= kMaxBytes && value.front() != ' ' &&
         value.back() != ' ' &&
         std::all_of(value.begin(), value.end(), [](char c) { return ' ' <= c && c <= '~'; });
}

absl::string_view Metadata(const grpc::ServerContextBase& context, const char* key) {
  const auto value = context.client_metadata().find(key);
  if (value == context.client_metadata().end()) return "";
  return {value->second.data(), value->second.size()};
}

}  // namespace

void Identify(const std::string& request_id, RequestLog& log, grpc::ServerContextBase& context,
              RequestRecord& record) {
  const absl::string_view sent = Metadata(context, kRequestId);
  if (!request_id.empty()) {
    record.request_id = request_id.substr(0, kMaxBytes);
  } else if (FitsMetadata(sent)) {
    record.request_id = std::string(sent);
  } else {
    record.request_id = log.MakeId();
  }
  if (auto trace = ParseTraceparent(Metadata(context, "traceparent")); trace.has_value()) {
    record.trace_id = std::move(trace->trace_id);
    record.parent_id = std::move(trace->parent_id);
  }
  if (FitsMetadata(record.request_id)) context.AddInitialMetadata(kRequestId, record.request_id);
}

}  // namespace localmamba::server
