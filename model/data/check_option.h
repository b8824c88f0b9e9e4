// Range checks of options, with messages that name the field: "batch_size: 0, wanted at least 1".
#ifndef LOCALMAMBA_MODEL_DATA_CHECK_OPTION_H_
#define LOCALMAMBA_MODEL_DATA_CHECK_OPTION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace localmamba {

// INVALID_ARGUMENT unless `holds`. `wanted` completes the message.
template <class T>
absl::Status CheckOption(absl::string_view field, T value, bool holds, absl::string_view wanted) {
  if (holds) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", value, ", wanted ", wanted));
}

inline absl::Status CheckAtLeast(absl::string_view field, int64_t value, int64_t least) {
  return CheckOption(field, value, value >= least, absl::StrCat("at least ", least));
}

inline absl::Status CheckShare(absl::string_view field, double value) {
  return CheckOption(field, value, value >= 0 && value <= 1, "0 to 1");
}

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_CHECK_OPTION_H_
