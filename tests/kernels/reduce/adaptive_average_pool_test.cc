#include "kernels/reduce/adaptive_average_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/reference/adaptive_average_pool.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct PoolCase {
  std::string name;
  Shape x;
  int64_t Ho, Wo;
};

class AdaptiveAveragePoolTest : public BackendTest<PoolCase> {};

TEST_P(AdaptiveAveragePoolTest, AgreesWithReference) {
  const PoolCase& c = test_case();
  TestTensor x = TestTensor::Random(c.x, 1);
  TestTensor y({c.x[0], c.Ho, c.Wo, c.x[3]});
  ASSERT_TRUE(Fetch(AdaptiveAveragePool(Data(x), Data(y), stream())));
  // A sum of up to H W terms below 1, each addition rounding by 6e-8 of the sum, over their number.
  const auto cells = static_cast<double>(c.x[1] * c.x[2]);
  ExpectNear(y.values(), reference::AdaptiveAveragePool(x.values(), c.x, c.Ho, c.Wo),
             6e-8 * cells + 1e-7 + Roundoff(), Roundoff());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AdaptiveAveragePoolTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(
            PoolCase{.name = "OneBin", .x = {2, 5, 7, 3}, .Ho = 1, .Wo = 1},
            PoolCase{.name = "SameSize", .x = {1, 3, 4, 65}, .Ho = 3, .Wo = 4},
            PoolCase{.name = "OverlappingBins", .x = {2, 16, 22, 33}, .Ho = 6, .Wo = 6},
            PoolCase{.name = "MoreBinsThanCells", .x = {1, 2, 1, 130}, .Ho = 6, .Wo = 6},
            PoolCase{.name = "OddSizes", .x = {1, 13, 17, 1}, .Ho = 3, .Wo = 2})),
    BackendCaseName);

TEST(AdaptiveAveragePoolTest, BinsOverlapByACell) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 1, 16, 1});
  for (size_t i = 0; i < 16; ++i) x.storage()[i] = static_cast<float>(i);
  TestTensor y({1, 1, 3, 1});
  ASSERT_TRUE(AdaptiveAveragePool(x.view(), y.view(), stream).ok());
  // [0, 6), [5, 11), [10, 16)
  EXPECT_EQ(y.values(), (std::vector<double>{2.5, 7.5, 12.5}));
}

TEST(AdaptiveAveragePoolTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 3, 5, 7});
  TestTensor y({1, 2, 2, 6});
  const absl::Status status = AdaptiveAveragePool(x.view(), y.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr("adaptive_average_pool: \"y\" is f32[1,2,2,6] on cpu, wanted f32[1,-1,-1,7]"));
}

}  // namespace
}  // namespace localmamba
