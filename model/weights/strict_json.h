// JSON from untrusted bytes.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_STRICT_JSON_H_
#define LOCALMAMBA_MODEL_WEIGHTS_STRICT_JSON_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace localmamba {

// Parses one JSON value that nests at most `max_depth` objects and arrays and repeats no key in an
// object. Errors: INVALID_ARGUMENT with the place or the key.
absl::StatusOr<nlohmann::json> ParseStrictJson(absl::string_view text, int max_depth);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_STRICT_JSON_H_
