#include "kernels/elementwise/insert_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/tokens.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct InsertTokenCase {
  std::string name;
  int64_t position;
  int64_t channels = 17;
};

class InsertTokenTest : public BackendTest<InsertTokenCase> {};

TEST_P(InsertTokenTest, KeepsTheOtherTokensInOrder) {
  const InsertTokenCase& c = test_case();
  TestTensor x = TestTensor::Random({3, 5, c.channels}, 1);
  TestTensor token = TestTensor::Random({c.channels}, 2);
  TestTensor y({3, 6, c.channels});
  ASSERT_TRUE(Fetch(InsertToken(Data(x), Data(token), c.position, Data(y), stream())));
  EXPECT_EQ(y.values(),
            reference::InsertToken(x.values(), token.values(), static_cast<size_t>(c.position), 5));
}

INSTANTIATE_TEST_SUITE_P(
    Positions, InsertTokenTest,
    ::testing::Combine(::testing::ValuesIn(Backends()),
                       ::testing::Values(InsertTokenCase{"First", 0}, InsertTokenCase{"Middle", 2},
                                         InsertTokenCase{"Last", 5},
                                         InsertTokenCase{"FullVectors", 2, 192})),
    BackendCaseName);

TEST(InsertTokenTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({3, 5, 17});
  TestTensor token({17});
  TestTensor y({3, 6, 17});
  for (const int64_t position : {-1, 6}) {
    const absl::Status status = InsertToken(x.view(), token.view(), position, y.view(), stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("wanted 0 to 5"));
  }
  EXPECT_THAT(std::string(InsertToken(x.view(), token.view(), 0, x.view(), stream).message()),
              HasSubstr("\"y\" is f32[3,5,17] on cpu, wanted f32[3,6,17]"));
}

}  // namespace
}  // namespace localmamba
