#include "kernels/reduce/top_k.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct TopKResult {
  std::vector<float> values;
  std::vector<int32_t> indices;
};

TopKResult RunTopK(std::vector<float> x, int64_t rows, int64_t k) {
  Stream stream = *Stream::Create(Device::Cpu(), 2);
  TopKResult result;
  result.values.resize(static_cast<size_t>(rows * k));
  result.indices.resize(static_cast<size_t>(rows * k));
  const absl::Status status =
      TopK({x.data(), DType::kFloat32, {rows, static_cast<int64_t>(x.size()) / rows}},
           {result.values.data(), DType::kFloat32, {rows, k}},
           {result.indices.data(), DType::kInt32, {rows, k}}, stream);
  EXPECT_TRUE(status.ok()) << status;
  return result;
}

TEST(TopKTest, OrdersEachRowDescending) {
  const TopKResult result = RunTopK({1, 5, 3, 4, /**/ -1, -5, -3, -4}, 2, 3);
  EXPECT_THAT(result.values, ElementsAre(5, 4, 3, -1, -3, -4));
  EXPECT_THAT(result.indices, ElementsAre(1, 3, 2, 0, 2, 3));
}

TEST(TopKTest, OrdersEqualElementsByIndex) {
  EXPECT_THAT(RunTopK({2, 7, 2, 7, 2}, 1, 4).indices, ElementsAre(1, 3, 0, 2));
  EXPECT_THAT(RunTopK({0.0F, -0.0F, 0.0F}, 1, 3).indices, ElementsAre(0, 1, 2));
}

TEST(TopKTest, PutsNanAfterMinusInfinity) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const TopKResult result = RunTopK({kNan, -kInfinity, 1, kNan, kInfinity}, 1, 5);
  EXPECT_THAT(result.indices, ElementsAre(4, 2, 1, 0, 3));
  EXPECT_TRUE(std::isnan(result.values[3]));
}

TEST(TopKTest, NamesWhatIsWrong) {
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
