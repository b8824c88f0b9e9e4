// Tensors in host memory for tests of operations: random values, optional gaps between rows, and
// comparison with a double-precision reference.
#ifndef LOCALMAMBA_TESTS_SUPPORT_TEST_TENSOR_H_
#define LOCALMAMBA_TESTS_SUPPORT_TEST_TENSOR_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
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
    storage_.assign(static_cast<size_t>(storage_shape().elements()), kUnset);
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
    return WithoutGaps(TensorView(storage_.data(), DType::kFloat32, storage_shape()));
  }
  // The view of this tensor in a copy of the storage.
  [[nodiscard]] TensorView WithoutGaps(const TensorView& storage) const {
    return shape_.rank() == 0 ? storage : storage.Slice(shape_.rank() - 1, 0, width());
  }

  // All elements, those in gaps included.
  std::vector<float>& storage() { return storage_; }
  [[nodiscard]] Shape storage_shape() const {
    Shape padded = shape_;
    if (padded.rank() > 0) padded[padded.rank() - 1] += gap_;
    return padded;
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
  static constexpr float kUnset = -12288.0F;  // exact in 16 bits too

  [[nodiscard]] int64_t width() const { return shape_.rank() == 0 ? 1 : shape_[shape_.rank() - 1]; }

  Shape shape_;
  int64_t gap_ = 0;
  std::vector<float> storage_;
};

// Fails at the element that is farthest beyond `tolerance` plus `relative` times the expected
// value.
inline void ExpectNear(const std::vector<double>& actual, const std::vector<double>& expected,
                       double tolerance, double relative = 0.0) {
  ASSERT_EQ(actual.size(), expected.size());
  size_t worst = 0;
  double worst_error = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < actual.size(); ++i) {
    const double error = std::abs(actual[i] - expected[i]) - relative * std::abs(expected[i]);
    if (!(error <= worst_error)) {  // a NaN counts as the worst
      worst = i;
      worst_error = error;
      if (std::isnan(error)) break;
    }
  }
  if (!actual.empty()) {
    EXPECT_NEAR(actual[worst], expected[worst], tolerance + relative * std::abs(expected[worst]))
        << "at element " << worst;
  }
}

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_TEST_TENSOR_H_
