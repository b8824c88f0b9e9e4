#include "kernels/reduce/sum_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/reference/linear_backward.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct SumRowsCase {
  std::string name;
  int64_t repeats, P, N;
  int64_t gap = 0;
};

class SumRowsTest : public BackendTest<SumRowsCase> {};

TEST_P(SumRowsTest, AgreesWithReference) {
  const SumRowsCase& c = test_case();
  TestTensor x = TestTensor::Random({c.repeats * c.P, c.N}, 1, -1, 1, c.gap);
  TestTensor y({c.P, c.N});
  ASSERT_TRUE(Fetch(SumRows(Data(x), Float32(y), stream())));
  // A sum of n values below 1 stays near sqrt(n), and each addition rounds by 2^-24 of it.
  ExpectNear(y.values(),
             reference::SumRows(x.values(), static_cast<size_t>(c.P), static_cast<size_t>(c.N)),
             1e-7 * static_cast<double>(c.repeats) + 1e-7);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, SumRowsTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(
            SumRowsCase{.name = "OneElement", .repeats = 1, .P = 1, .N = 1},
            SumRowsCase{.name = "NoRepeats", .repeats = 1, .P = 5, .N = 17},
            SumRowsCase{.name = "Bias", .repeats = 33, .P = 1, .N = 129, .gap = 3},
            SumRowsCase{.name = "BiasOfManyRows", .repeats = 5003, .P = 1, .N = 96},
            SumRowsCase{.name = "ManyRowsOfOddLength", .repeats = 20001, .P = 1, .N = 5},
            SumRowsCase{.name = "Positions", .repeats = 7, .P = 196, .N = 192},
            SumRowsCase{.name = "StridedPositions", .repeats = 5, .P = 13, .N = 33, .gap = 8},
            SumRowsCase{.name = "ManyRepeats", .repeats = 3000, .P = 2, .N = 72, .gap = 8})),
    BackendCaseName);

TEST(SumRowsTest, OfNoRowsAreZero) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({6, 5});
  TestTensor y({3, 5});
  ASSERT_TRUE(SumRows(x.view().Slice(0, 0, 0), y.view(), stream).ok());
  EXPECT_EQ(y.values(), std::vector<double>(15));
}

TEST(SumRowsTest, DoesNotDependOnTheThreads) {
  TestTensor x = TestTensor::Random({5003, 97}, 1);
  TestTensor one({1, 97});
  TestTensor several({1, 97});
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  Stream parallel_stream = *Stream::Create(Device::Cpu(), 4);
  ASSERT_TRUE(SumRows(x.view(), one.view(), stream).ok());
  ASSERT_TRUE(SumRows(x.view(), several.view(), parallel_stream).ok());
  EXPECT_EQ(one.values(), several.values());
}

TEST(SumRowsTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({6, 5});
  TestTensor y({4, 5});
  const absl::Status status = SumRows(x.view(), y.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr("sum_rows: \"y\" is f32[4,5] on cpu, wanted a number of rows that divides 6"));
}

}  // namespace
}  // namespace localmamba
