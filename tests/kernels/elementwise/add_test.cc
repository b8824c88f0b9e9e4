#include "kernels/elementwise/add.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/tokens.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct AddCase {
  std::string name;
  int64_t M, P, N;
  int64_t gap = 0;
  bool in_place = false;
};

class AddTest : public BackendTest<AddCase> {};

TEST_P(AddTest, AgreesWithReference) {
  const AddCase& c = test_case();
  TestTensor a = TestTensor::Random({c.M, c.N}, 1, -1, 1, c.gap);
  TestTensor b = TestTensor::Random({c.P, c.N}, 2);
  TestTensor y({c.M, c.N}, c.gap);
  TestTensor& result = c.in_place ? a : y;
  const ConstTensorView a_view = Data(a);
  const ConstTensorView b_view = Data(b);
  const std::vector<double> expected = reference::Add(a.values(), b.values());

  ASSERT_TRUE(Fetch(Add(a_view, b_view, Data(result), stream())));

  ExpectNear(result.values(), expected, 1.2e-7, Roundoff());  // one rounding of a value below 2
  EXPECT_TRUE(result.GapsAreUntouched());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AddTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(AddCase{.name = "OneElement", .M = 1, .P = 1, .N = 1},
                          AddCase{.name = "SameShape", .M = 17, .P = 17, .N = 33},
                          AddCase{.name = "OneRowRepeated", .M = 17, .P = 1, .N = 33},
                          AddCase{.name = "FullVectors", .M = 394, .P = 197, .N = 192, .gap = 8},
                          AddCase{.name = "RowsRepeatedInPlaceInStridedRows",
                                  .M = 66,
                                  .P = 33,
                                  .N = 17,
                                  .gap = 3,
                                  .in_place = true})),
    BackendCaseName);

TEST(AddTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor a({6, 7});
  TestTensor four_rows({4, 7});
  const absl::Status status = Add(a.view(), four_rows.view(), a.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("add: \"b\" is f32[4,7] on cpu, wanted a number of rows that divides 6"));
  EXPECT_THAT(std::string(Add(a.view(), a.view(), four_rows.view(), stream).message()),
              HasSubstr("\"y\""));
}

}  // namespace
}  // namespace localmamba
