// Adds context to an error on its way up.
#ifndef LOCALMAMBA_KERNELS_BASE_ANNOTATE_H_
#define LOCALMAMBA_KERNELS_BASE_ANNOTATE_H_

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace localmamba {

// The same code and payloads with the message "<context>: <message>"; OK stays OK.
inline absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status result(status.code(), absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&result](absl::string_view url, const absl::Cord& payload) {
    result.SetPayload(url, payload);
  });
  return result;
}

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_BASE_ANNOTATE_H_
