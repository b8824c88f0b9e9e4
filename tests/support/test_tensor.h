// Tensors in host memory for tests of operations: random values, optional gaps between rows, and
// comparison with a double-precision reference.
#ifndef LOCALMAMBA_TESTS_SUPPORT_TEST_TENSOR_H_
#define LOCALMAMBA_TESTS_SUPPORT_TEST_TENSOR_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// A float32 tensor whose rows (innermost dimension) are `gap` elements apart.
class TestTensor {
 public:
  // Absent: view() is empty.
  TestTensor() = default;
  explicit TestTensor(const Shape& shape, int64_t gap = 0) : shape_(shape), gap_(gap) {
    storage_.assign(static_cast<size_t>(PaddedShape().elements()), kUnset);
  }

  // Uniform in [low, high), the same for the same seed.
  static TestTensor Random(const Shape& shape, uint32_t seed, double low = -1.0, double high = 1.0,
                           int64_t gap = 0) {
    TestTensor tensor(shape, gap);
    std::mt19937 generator(seed);
    const int64_t width = tensor.width();
    for (size_t i = 0; i < tensor.storage_.size(); ++i) {
      if (static_cast<int64_t>(i) % (width + gap) >= width) continue;
      // Not std::uniform_real_distribution: its values differ between standard libraries.
      tensor.storage_[i] = static_cast<float>(low + (high - low) * (generator() / 4294967296.0));
    }
    return tensor;
  }

  [[nodiscard]] TensorView view() {
    if (storage_.empty()) return {};
    TensorView padded(storage_.data(), DType::kFloat32, PaddedShape());
    return shape_.rank() == 0 ? padded : padded.Slice(shape_.rank() - 1, 0, width());
  }

  // The elements without gaps, row-major.
  [[nodiscard]] std::vector<double> values() const {
    std::vector<double> result;
    for (size_t i = 0; i < storage_.size(); ++i) {
      if (static_cast<int64_t>(i) % (width() + gap_) < width()) result.push_back(storage_[i]);
    }
    return result;
  }

  // True if nothing was written between the rows.
  [[nodiscard]] bool GapsAreUntouched() const {
    for (size_t i = 0; i < storage_.size(); ++i) {
      const bool in_gap = static_cast<int64_t>(i) % (width() + gap_) >= width();
      if (in_gap && storage_[i] != kUnset) return false;
    }
    return true;
  }

 private:
  static constexpr float kUnset = -12345.0F;

  [[nodiscard]] int64_t width() const { return shape_.rank() == 0 ? 1 : shape_[shape_.rank() - 1]; }
  [[nodiscard]] Shape PaddedShape() const {
    Shape padded = shape_;
    if (padded.rank() > 0) padded[padded.rank() - 1] += gap_;
    return padded;
  }

  Shape shape_;
  int64_t gap_ = 0;
  std::vector<float> storage_;
};

// Fails at the element that is farthest from `expected` if it is farther than `tolerance`.
inline void ExpectNear(const std::vector<double>& actual, const std::vector<double>& expected,
                       double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  size_t worst = 0;
  double worst_error = -1.0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const double error = std::abs(actual[i] - expected[i]);
    if (!(error <= worst_error)) {  // a NaN counts as the worst
      worst = i;
      worst_error = error;
      if (std::isnan(error)) break;
    }
  }
  if (!actual.empty()) {
    EXPECT_NEAR(actual[worst], expected[worst], tolerance) << "at element " << worst;
  }
}

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_TEST_TENSOR_H_
