#include "kernels/reduce/mean_tokens_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/tokens.h"
#include "tests/reference/transposed.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct MeanBackwardCase {
  std::string name;
  int64_t B, L, D;
  int64_t gap = 0;
};

class MeanTokensBackwardTest : public BackendTest<MeanBackwardCase> {};

TEST_P(MeanTokensBackwardTest, IsTheTransposedMean) {
  const MeanBackwardCase& c = test_case();
  TestTensor dy = TestTensor::Random({c.B, c.D}, 1);
  TestTensor dx({c.B, c.L, c.D}, c.gap);
  ASSERT_TRUE(Fetch(MeanTokensBackward(Data(dy), Data(dx), stream())));
  const std::vector<double> expected = reference::Transposed(
      static_cast<size_t>(c.B * c.L * c.D), dy.values(), [&](const std::vector<double>& x) {
        return reference::MeanTokens(x, static_cast<size_t>(c.L), static_cast<size_t>(c.D));
      });
  ExpectNear(dx.values(), expected, 1.2e-7, Roundoff());  // a product or quotient
  EXPECT_TRUE(dx.GapsAreUntouched());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, MeanTokensBackwardTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(
            MeanBackwardCase{.name = "OneToken", .B = 2, .L = 1, .D = 17},
            MeanBackwardCase{.name = "OneChannel", .B = 3, .L = 33, .D = 1},
            MeanBackwardCase{.name = "StridedRows", .B = 2, .L = 9, .D = 33, .gap = 5},
            MeanBackwardCase{.name = "FullVectors", .B = 3, .L = 10, .D = 72, .gap = 8})),
    BackendCaseName);

TEST(MeanTokensBackwardTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor dy({2, 7});
  TestTensor dx({3, 5, 7});
  const absl::Status status = MeanTokensBackward(dy.view(), dx.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("mean_tokens_backward: \"dx\" is f32[3,5,7] on cpu, wanted f32[2,-1,7]"));
}

}  // namespace
}  // namespace localmamba
