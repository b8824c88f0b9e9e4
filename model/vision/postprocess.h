// From a network's logits to the answer of a classification.
#ifndef LOCALMAMBA_MODEL_VISION_POSTPROCESS_H_
#define LOCALMAMBA_MODEL_VISION_POSTPROCESS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct ClassScore {
  int64_t class_id = 0;
  std::string name;       // empty if the model has no labels
  float probability = 0;  // softmax over all classes
  float logit = 0;
};

// The k classes of the largest logits, best first; equal logits by ascending class.
// logits: (classes), float32, dense, on the CPU, as is `stream`. labels: one per class, or none.
// Errors: INVALID_ARGUMENT if k is not in 1..classes ("top_k: 0, wanted 1 to 1000") or the logits'
// dtype, shape or device or the number of labels is wrong.
absl::StatusOr<std::vector<ClassScore>> TopClasses(const ConstTensorView& logits, int64_t k,
                                                   absl::Span<const std::string> labels,
                                                   Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_POSTPROCESS_H_
