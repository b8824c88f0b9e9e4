// Adds context to an error on its way up.
#ifndef LOCALMAMBA_KERNELS_BASE_ANNOTATE_H_
#define LOCALMAMBA_KERNELS_BASE_ANNOTATE_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace localmamba {

// The same code with the message "<context>: <message>"; OK stays OK.
inline absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  return {status.code(), absl::StrCat(context, ": ", status.message())};
}

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_BASE_ANNOTATE_H_
