// Golden data for tests: cases.json and the safetensors files it names. A test-only reader, so that
// the reader under model/ can be tested against it.
#ifndef LOCALMAMBA_TESTS_SUPPORT_GOLDEN_H_
#define LOCALMAMBA_TESTS_SUPPORT_GOLDEN_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "kernels/tensor/shape.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// One tensor: floating-point elements in `f32`, integers of any width in `i32`.
struct GoldenTensor {
  Shape shape;
  std::vector<float> f32;
  std::vector<int32_t> i32;

  [[nodiscard]] ConstTensorView view() const;
};

using GoldenTensors = std::map<std::string, GoldenTensor>;

// Path of a file of a set of golden data ("backbones" or "heads"): the copy in tests/golden/<set>
// if the project ships it, else the complete set beside the project (../shared/golden/<set>).
// Empty if neither has it; tests then skip.
std::string FindGoldenFile(absl::string_view file, absl::string_view set = "backbones");

// All tensors of a safetensors file (F32, I32, I64, U8). Errors: NOT_FOUND, INVALID_ARGUMENT.
absl::StatusOr<GoldenTensors> LoadGoldenTensors(const std::string& path);

// The cases of cases.json whose "kind" is `kind`, in the file's order.
std::vector<nlohmann::json> GoldenCases(absl::string_view kind);

// The case of this "id" in the golden heads' cases.json. CHECKs that it is there.
nlohmann::json GoldenHeadCase(absl::string_view id);

// The elements of (..., C, H, W) as (..., H, W, C).
std::vector<float> ChannelsLast(const GoldenTensor& tensor);

// The elements of (..., a, b) as (..., b, a): the golden data has channels before positions.
std::vector<float> SwapLastTwoDimensions(const GoldenTensor& tensor);

// The rule of the golden data: max|found - expected| <= tolerance * max|expected| + 1e-7.
testing::AssertionResult MatchesGolden(absl::Span<const float> found, const GoldenTensor& expected,
                                       double tolerance);

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_GOLDEN_H_
