#include "kernels/elementwise/transpose_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/tokens.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct TransposeCase {
  std::string name;
  int64_t B, L, D;
  int64_t gap = 0;
};

class TransposeTokensTest : public BackendTest<TransposeCase> {};

TEST_P(TransposeTokensTest, AgreesWithReference) {
  const TransposeCase& c = test_case();
  TestTensor x = TestTensor::Random({c.B, c.L, c.D}, 1, -1, 1, c.gap);
  TestTensor y({c.B, c.D, c.L});
  ASSERT_TRUE(Fetch(TransposeTokens(Data(x), Data(y), stream())));
  EXPECT_EQ(y.values(), reference::TransposeTokens(x.values(), static_cast<size_t>(c.L),
                                                   static_cast<size_t>(c.D)));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, TransposeTokensTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(TransposeCase{.name = "OneToken", .B = 2, .L = 1, .D = 33},
                          TransposeCase{.name = "OneChannel", .B = 2, .L = 33, .D = 1},
                          TransposeCase{.name = "OddSizes", .B = 3, .L = 49, .D = 65},
                          TransposeCase{
                              .name = "StridedRows", .B = 2, .L = 17, .D = 40, .gap = 3})),
    BackendCaseName);

TEST(TransposeTokensTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({2, 5, 7});
  const absl::Status status = TransposeTokens(x.view(), x.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("transpose_tokens: \"y\" is f32[2,5,7] on cpu, wanted f32[2,7,5] on cpu"));
}

}  // namespace
}  // namespace localmamba
