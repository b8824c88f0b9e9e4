// The classification extension: the largest elements of a tensor as text, with their labels.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_CLASSIFICATION_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_CLASSIFICATION_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"

namespace localmamba::server {

// Appends the `k` largest of `values`, at most all, largest first and equal ones by index, to
// `raw`, contents of BYTES: "<value>:<index>", and ":<label>" if there are labels, one for each.
// NaNs come last. Returns how many.
int64_t AppendLargest(absl::Span<const float> values, int64_t k,
                      absl::Span<const std::string> labels, std::string& raw);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_INFERENCE_CLASSIFICATION_H_
