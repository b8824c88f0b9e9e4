// How refusals of requests quote what they found.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_QUOTED_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_QUOTED_H_

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace localmamba::server {

// Text of a client between quotes, without its end if it is long.
inline std::string Quoted(absl::string_view text) {
  constexpr size_t kMaxBytes = 64;
  if (text.size() <= kMaxBytes) return absl::StrCat("\"", text, "\"");
  size_t end = kMaxBytes;  // where a character of UTF-8 ends
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return absl::StrCat("\"", text.substr(0, end), "...\"");
}

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_QUOTED_H_
