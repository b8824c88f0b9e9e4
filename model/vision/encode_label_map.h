// Label maps as files.
#ifndef LOCALMAMBA_MODEL_VISION_ENCODE_LABEL_MAP_H_
#define LOCALMAMBA_MODEL_VISION_ENCODE_LABEL_MAP_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// A gray PNG whose values are the labels: of 8 bits, or 16 if there are more than 256 classes.
// labels: (H, W), i32, 0 to num_classes - 1, dense, on the CPU; num_classes: 1 to 65536.
// Errors: INVALID_ARGUMENT for another dtype or shape or too many classes; INTERNAL if the encoder
// fails.
absl::StatusOr<std::string> EncodeLabelMap(const ConstTensorView& labels, int64_t num_classes);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_ENCODE_LABEL_MAP_H_
