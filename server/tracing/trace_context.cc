#include "server/tracing/trace_context.h"

#include <cstddef>

namespace localmamba::server {
namespace {

// "00-" trace-id "-" parent-id "-" flags
constexpr size_t kTraceId = 3;
constexpr size_t kTraceIdDigits = 32;
constexpr size_t kParentId = kTraceId + kTraceIdDigits + 1;
constexpr size_t kParentIdDigits = 16;
constexpr size_t kFlags = kParentId + kParentIdDigits + 1;
constexpr size_t kLength = kFlags + 2;

bool IsHex(absl::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == absl::string_view::npos;
}

bool IsZero(absl::string_view text) {
  return text.find_first_not_of('0') == absl::string_view::npos;
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(absl::string_view header) {
  if (header.size() < kLength) return std::nullopt;
  const absl::string_view version = header.substr(0, 2);
  const absl::string_view trace_id = header.substr(kTraceId, kTraceIdDigits);
  const absl::string_view parent_id = header.substr(kParentId, kParentIdDigits);
  if (header[kTraceId - 1] != '-' || header[kParentId - 1] != '-' || header[kFlags - 1] != '-') {
    return std::nullopt;
  }
  if (!IsHex(version) || version == "ff" || !IsHex(header.substr(kFlags, 2))) return std::nullopt;
  // Later versions may append fields.
  if (header.size() > kLength && (version == "00" || header[kLength] != '-')) return std::nullopt;
  if (!IsHex(trace_id) || IsZero(trace_id) || !IsHex(parent_id) || IsZero(parent_id)) {
    return std::nullopt;
  }
  return TraceContext{std::string(trace_id), std::string(parent_id)};
}

}  // namespace localmamba::server
