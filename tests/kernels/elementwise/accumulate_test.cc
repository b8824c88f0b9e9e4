#include "kernels/elementwise/accumulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct AccumulateCase {
  std::string name;
  int64_t M, N;
  int64_t x_gap = 0, y_gap = 0;
  bool float32_sum = false;  // y is float32 whatever x is
};

class AccumulateTest : public BackendTest<AccumulateCase> {};

TEST_P(AccumulateTest, AddsToWhatIsThere) {
  const AccumulateCase& c = test_case();
  TestTensor x = TestTensor::Random({c.M, c.N}, 1, -1, 1, c.x_gap);
  TestTensor y = TestTensor::Random({c.M, c.N}, 2, -1, 1, c.y_gap);
  const TensorView x_view = Data(x);
  const TensorView y_view = c.float32_sum ? Float32(y) : Data(y);
  std::vector<double> expected = y.values();
  const std::vector<double> summand = x.values();
  for (size_t i = 0; i < expected.size(); ++i) expected[i] += summand[i];

  ASSERT_TRUE(Fetch(Accumulate(x_view, y_view, stream())));

  // One rounding of a sum.
  ExpectNear(y.values(), expected, 2e-7, c.float32_sum ? 0.0 : Roundoff());
  EXPECT_TRUE(y.GapsAreUntouched());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AccumulateTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(
            AccumulateCase{.name = "OneElement", .M = 1, .N = 1},
            AccumulateCase{.name = "OddSizes", .M = 33, .N = 17, .x_gap = 3, .y_gap = 5},
            AccumulateCase{.name = "FullVectors", .M = 40, .N = 64, .x_gap = 8, .y_gap = 64},
            AccumulateCase{.name = "OneLongRow", .M = 1, .N = 100000},
            AccumulateCase{.name = "IntoFloat32",
                           .M = 33,
                           .N = 17,
                           .x_gap = 3,
                           .y_gap = 5,
                           .float32_sum = true},
            AccumulateCase{.name = "VectorsIntoFloat32", .M = 40, .N = 64, .float32_sum = true})),
    BackendCaseName);

TEST(AccumulateTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({2, 5});
  TestTensor y({5, 2});
  const auto message = [&](const ConstTensorView& from, const TensorView& to) {
    const absl::Status status = Accumulate(from, to, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message(x.view(), y.view()),
              HasSubstr("accumulate: \"y\" is f32[5,2] on cpu, wanted f32[2,5] on cpu"));
  std::vector<uint16_t> values(10);
  const TensorView half(values.data(), DType::kFloat16, {2, 5});
  EXPECT_THAT(message(x.view(), half), HasSubstr("wanted float32 or the dtype of x"));
}

}  // namespace
}  // namespace localmamba
