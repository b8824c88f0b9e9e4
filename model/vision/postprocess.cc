#include "model/vision/postprocess.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/reduce/softmax.h"
#include "kernels/reduce/top_k.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::StatusOr<std::vector<ClassScore>> TopClasses(const ConstTensorView& logits, int64_t k,
                                                   absl::Span<const std::string> labels,
                                                   Stream& stream) {
  const ArgChecker check("top_classes", Device::Cpu());
  LM_RETURN_IF_ERROR(check.Dense("logits", logits, DType::kFloat32, {-1}));
  const int64_t classes = logits.dim(0);
  if (k < 1 || k > classes) {
    return absl::InvalidArgumentError(absl::StrCat("top_k: ", k, ", wanted 1 to ", classes));
  }
  if (!labels.empty() && labels.size() != static_cast<size_t>(classes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("top_classes: ", labels.size(), " labels, wanted none or ", classes));
  }
  const ConstTensorView row = logits.Reshape({1, classes});
  std::vector<float> probabilities(static_cast<size_t>(classes));
  LM_RETURN_IF_ERROR(
      Softmax(row, TensorView(probabilities.data(), DType::kFloat32, {1, classes}), stream));
  std::vector<float> values(static_cast<size_t>(k));
  std::vector<int32_t> indices(static_cast<size_t>(k));
  LM_RETURN_IF_ERROR(TopK(row, TensorView(values.data(), DType::kFloat32, {1, k}),
                          TensorView(indices.data(), DType::kInt32, {1, k}), stream));
  std::vector<ClassScore> scores(static_cast<size_t>(k));
  for (size_t i = 0; i < scores.size(); ++i) {
    const auto class_id = static_cast<size_t>(indices[i]);
    scores[i].class_id = indices[i];
    if (!labels.empty()) scores[i].name = labels[class_id];
    scores[i].probability = probabilities[class_id];
    scores[i].logit = values[i];
  }
  return scores;
}

}  // namespace localmamba
