#include "kernels/reduce/mean_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/tokens.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct MeanCase {
  std::string name;
  int64_t B, L, D;
  int64_t gap = 0;
};

class MeanTokensTest : public BackendTest<MeanCase> {};

TEST_P(MeanTokensTest, AgreesWithReference) {
  const MeanCase& c = test_case();
  TestTensor x = TestTensor::Random({c.B, c.L, c.D}, 1, -1, 1, c.gap);
  TestTensor y({c.B, c.D});
  ASSERT_TRUE(Fetch(MeanTokens(Data(x), Data(y), stream())));
  // A running sum of L values around 0 stays near sqrt(L) and rounds L times; the mean divides.
  ExpectNear(y.values(),
             reference::MeanTokens(x.values(), static_cast<size_t>(c.L), static_cast<size_t>(c.D)),
             1e-6, Roundoff());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, MeanTokensTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(MeanCase{.name = "OneToken", .B = 2, .L = 1, .D = 17},
                          MeanCase{.name = "OneChannel", .B = 3, .L = 33, .D = 1},
                          MeanCase{.name = "OddSizes", .B = 2, .L = 197, .D = 129},
                          MeanCase{.name = "StridedRows", .B = 2, .L = 17, .D = 33, .gap = 5},
                          MeanCase{.name = "FullVectors", .B = 3, .L = 196, .D = 776, .gap = 8})),
    BackendCaseName);

TEST(MeanTokensTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({2, 5, 7});
  TestTensor y({2, 7});
  const absl::Status no_tokens = MeanTokens(x.view().Slice(1, 0, 0), y.view(), stream);
  EXPECT_EQ(no_tokens.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(no_tokens.message()),
              HasSubstr("mean_tokens: \"x\" is f32[2,0,7] on cpu, wanted at least one token"));
  EXPECT_THAT(std::string(MeanTokens(x.view(), x.view(), stream).message()), HasSubstr("\"y\""));
}

}  // namespace
}  // namespace localmamba
