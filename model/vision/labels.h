// The names of a model's classes: labels.json beside its weights.
//
//   {"labels": ["tench", "goldfish", ...]}
//
// Entry i names class i. Names are UTF-8 and need not be unique (ImageNet has two cranes).
#ifndef LOCALMAMBA_MODEL_VISION_LABELS_H_
#define LOCALMAMBA_MODEL_VISION_LABELS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace localmamba {

// `source` names the text in messages. Errors: INVALID_ARGUMENT naming source and entry if the text
// is not of the form above (no other fields), a name is empty, or there are not `classes` names.
absl::StatusOr<std::vector<std::string>> ParseLabels(absl::string_view json,
                                                     absl::string_view source, int64_t classes);

// ParseLabels on a file. Errors also: NOT_FOUND if it cannot be read or is empty.
absl::StatusOr<std::vector<std::string>> ReadLabels(const std::string& path, int64_t classes);

// The text of a labels.json. Inverse of ParseLabels for valid names.
std::string FormatLabels(absl::Span<const absl::string_view> labels);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_LABELS_H_
