#include "kernels/image/max_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/backend.h"
#include "tests/support/golden_operators.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct MaxPoolCase {
  std::string name;
  Shape x;
  MaxPoolWindow window;
};

class MaxPoolTest : public BackendTest<MaxPoolCase> {};

TEST_P(MaxPoolTest, TakesTheLargestOfEachWindow) {
  const auto& [name, shape, window] = test_case();
  TestTensor x = TestTensor::Random(shape, 1);
  const int64_t Ho = window.Outputs(shape[1]);
  const int64_t Wo = window.Outputs(shape[2]);
  TestTensor y({shape[0], Ho, Wo, shape[3]});
  ASSERT_TRUE(Fetch(MaxPool(Data(x), window, Data(y), stream())));
  const std::vector<double> in = x.values();
  std::vector<double> expected;
  for (int64_t i = 0; i < y.view().elements(); ++i) {
    double largest = -std::numeric_limits<double>::infinity();
    for (int64_t p = 0; p < window.size; ++p) {
      for (int64_t q = 0; q < window.size; ++q) {
        const int64_t row = i / (shape[3] * Wo) % Ho * window.stride + p;
        const int64_t column = i / shape[3] % Wo * window.stride + q;
        const int64_t image = i / (shape[3] * Wo * Ho);
        const int64_t at = ((image * shape[1] + row) * shape[2] + column) * shape[3] + i % shape[3];
        largest = std::max(largest, in[static_cast<size_t>(at)]);
      }
    }
    expected.push_back(largest);
  }
  EXPECT_EQ(y.values(), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, MaxPoolTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(MaxPoolCase{"EverySecondCell", {2, 13, 17, 3}, {.size = 1, .stride = 2}},
                          MaxPoolCase{"Halves", {2, 13, 16, 5}, {.size = 2, .stride = 2}},
                          MaxPoolCase{
                              "HalvesOfWholeVectors", {2, 7, 9, 48}, {.size = 2, .stride = 2}},
                          MaxPoolCase{"OneWindow", {1, 3, 3, 1}, {.size = 3, .stride = 7}},
                          MaxPoolCase{"Overlapping", {1, 6, 5, 33}, {.size = 3, .stride = 1}})),
    BackendCaseName);

TEST(MaxPoolTest, AgreesWithGoldenOperators) {
  const GoldenTensors golden = GoldenOperators();
  const std::vector<float> x = ChannelsLast(golden.at("pool.in"));
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  for (const int64_t size : {1, 2}) {
    const GoldenTensor& expected = golden.at(size == 1 ? "pool.max_k1s2" : "pool.max_k2s2");
    TestTensor y({1, expected.shape[2], expected.shape[3], 2});
    ASSERT_TRUE(MaxPool({x.data(), DType::kFloat32, {1, 13, 17, 2}}, {.size = size, .stride = 2},
                        y.view(), stream)
                    .ok());
    EXPECT_EQ(y.values(), Doubles(ChannelsLast(expected)));
  }
}

TEST(MaxPoolTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 3, 1, 5});
  const absl::Status status = MaxPool(x.view(), {.size = 2, .stride = 2}, {}, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("max_pool: \"x\" is f32[1,3,1,5] on cpu, wanted maps no smaller than"));
}

}  // namespace
}  // namespace localmamba
