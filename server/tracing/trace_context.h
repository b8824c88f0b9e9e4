// W3C Trace Context (https://www.w3.org/TR/trace-context/): which trace a request belongs to.
#ifndef LOCALMAMBA_SERVER_TRACING_TRACE_CONTEXT_H_
#define LOCALMAMBA_SERVER_TRACING_TRACE_CONTEXT_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace localmamba::server {

struct TraceContext {
  std::string trace_id;   // 32 digits, hexadecimal, small letters
  std::string parent_id;  // 16 digits: the caller's span
};

// Of the value of the header `traceparent`; none if it is not of version 00, or of a later one that
// begins alike, since the standard wants such a header to be ignored.
std::optional<TraceContext> ParseTraceparent(absl::string_view header);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_TRACING_TRACE_CONTEXT_H_
