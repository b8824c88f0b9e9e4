#include "kernels/reduce/top_k.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "tests/support/backend.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct TopKResult {
  std::vector<float> values;
  std::vector<int32_t> indices;
};

class TopKTest : public BackendTest<OnlyCase> {
 protected:
  TopKResult RunTopK(const std::vector<float>& x, int64_t rows, int64_t k) {
    TopKResult result;
    result.values.resize(static_cast<size_t>(rows * k));
    result.indices.resize(static_cast<size_t>(rows * k));
    const TensorView values(result.values.data(), DType::kFloat32, {rows, k});
    const TensorView indices(result.indices.data(), DType::kInt32, {rows, k});
    const TensorView found_values = Upload(values);
    const TensorView found_indices = Upload(indices);
    const int64_t columns = static_cast<int64_t>(x.size()) / rows;
    EXPECT_TRUE(Fetch(TopK(Upload({x.data(), DType::kFloat32, {rows, columns}}), found_values,
                           found_indices, stream())));
    EXPECT_TRUE(Fetch(found_values, values));
    EXPECT_TRUE(Fetch(found_indices, indices));
    return result;
  }
};

TEST_P(TopKTest, OrdersEachRowDescending) {
  const TopKResult result = RunTopK({1, 5, 3, 4, /**/ -1, -5, -3, -4}, 2, 3);
  EXPECT_THAT(result.values, ElementsAre(5, 4, 3, -1, -3, -4));
  EXPECT_THAT(result.indices, ElementsAre(1, 3, 2, 0, 2, 3));
}

TEST_P(TopKTest, OrdersEqualElementsByIndex) {
  EXPECT_THAT(RunTopK({2, 7, 2, 7, 2}, 1, 4).indices, ElementsAre(1, 3, 0, 2));
  EXPECT_THAT(RunTopK({0.0F, -0.0F, 0.0F}, 1, 3).indices, ElementsAre(0, 1, 2));
}

TEST_P(TopKTest, PutsNanAfterMinusInfinity) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const TopKResult result = RunTopK({kNan, -kInfinity, 1, kNan, kInfinity}, 1, 5);
  EXPECT_THAT(result.indices, ElementsAre(4, 2, 1, 0, 3));
  EXPECT_TRUE(std::isnan(result.values[3]));
}

TEST_P(TopKTest, FindsTheLargestOfManyInOrder) {
  std::vector<float> x(2000);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 7919 % 1009);  // with repeats
  const TopKResult result = RunTopK(x, 2, 20);
  for (size_t row = 0; row < 2; ++row) {
    std::vector<int32_t> expected(1000);
    std::iota(expected.begin(), expected.end(), 0);
    std::stable_sort(expected.begin(), expected.end(), [&](int32_t a, int32_t b) {
      return x[row * 1000 + static_cast<size_t>(a)] > x[row * 1000 + static_cast<size_t>(b)];
    });
    for (size_t i = 0; i < 20; ++i) EXPECT_EQ(result.indices[row * 20 + i], expected[i]);
  }
}

// As many as a detector takes, of values most of which share their leading bits and many all.
TEST_P(TopKTest, FindsTheThousandLargestInOrder) {
  constexpr size_t kColumns = 30000;
  std::vector<float> x(2 * kColumns);
  for (size_t i = 0; i < kColumns; ++i) {
    x[i] = 0.5F + static_cast<float>(i * 7919 % 20011) / 65536;
    x[kColumns + i] = static_cast<float>(i % 3) - 1;
  }
  for (const int64_t k : {33, 1000, 2000}) {
    const TopKResult result = RunTopK(x, 2, k);
    for (size_t row = 0; row < 2; ++row) {
      std::vector<int32_t> expected(kColumns);
      std::iota(expected.begin(), expected.end(), 0);
      const float* values = &x[row * kColumns];
      std::stable_sort(expected.begin(), expected.end(),
                       [&](int32_t a, int32_t b) { return values[a] > values[b]; });
      expected.resize(static_cast<size_t>(k));
      const auto begin = result.indices.begin() +
                         static_cast<std::ptrdiff_t>(row) * static_cast<std::ptrdiff_t>(k);
      EXPECT_EQ(std::vector<int32_t>(begin, begin + k), expected);
    }
  }
}

TEST_P(TopKTest, OrdersAllOfAShortRow) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> x(40, kNan);
  for (size_t i = 0; i < 20; ++i) x[2 * i] = -static_cast<float>(i);
  const TopKResult result = RunTopK(x, 1, 40);
  for (int32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(result.indices[static_cast<size_t>(i)], 2 * i);
    EXPECT_EQ(result.indices[static_cast<size_t>(20 + i)], 2 * i + 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, TopKTest,
                         ::testing::Combine(::testing::ValuesIn(Float32Backends()),
                                            ::testing::Values(OnlyCase{})),
                         BackendCaseName);

TEST(TopKErrorTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  std::vector<float> floats(12);
  std::vector<int32_t> ints(12);
  const ConstTensorView x(floats.data(), DType::kFloat32, {2, 3});
  const auto message = [&](const Shape& values, const Shape& indices) {
    const absl::Status status = TopK(x, {floats.data(), DType::kFloat32, values},
                                     {ints.data(), DType::kInt32, indices}, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({2, 4}, {2, 4}),
              HasSubstr("top_k: \"values\" is f32[2,4] on cpu, wanted 1 to 3 columns"));
  EXPECT_THAT(message({2, 0}, {2, 0}), HasSubstr("1 to 3 columns"));
  EXPECT_THAT(message({2, 2}, {2, 3}), HasSubstr("\"indices\""));
}

}  // namespace
}  // namespace localmamba
