#include "kernels/image/resize_bicubic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/resize.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct ResizeBicubicCase {
  std::string name;
  Shape x;
  int64_t Ho, Wo;
};

class ResizeBicubicTest : public BackendTest<ResizeBicubicCase> {};

TEST_P(ResizeBicubicTest, AgreesWithReference) {
  const ResizeBicubicCase& c = test_case();
  TestTensor x = TestTensor::Random(c.x, 1);
  TestTensor y({c.Ho, c.Wo, c.x[2]});
  ASSERT_TRUE(Fetch(ResizeBicubic(Data(x), Data(y), stream())));
  // 16 products whose weights' magnitudes sum to at most 1.6^2.
  ExpectNear(y.values(), reference::ResizeBicubic(x.values(), c.x, c.Ho, c.Wo), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ResizeBicubicTest,
    ::testing::Combine(
        ::testing::ValuesIn(Float32Backends()),
        ::testing::Values(
            ResizeBicubicCase{.name = "OneCellToMany", .x = {1, 1, 3}, .Ho = 3, .Wo = 5},
            ResizeBicubicCase{.name = "SameGrid", .x = {7, 5, 17}, .Ho = 7, .Wo = 5},
            ResizeBicubicCase{.name = "Larger", .x = {14, 14, 33}, .Ho = 32, .Wo = 17},
            ResizeBicubicCase{.name = "Smaller", .x = {14, 14, 8}, .Ho = 4, .Wo = 6},
            ResizeBicubicCase{.name = "OneRow", .x = {1, 9, 1}, .Ho = 1, .Wo = 33})),
    BackendCaseName);

TEST(ResizeBicubicTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({3, 5, 7});
  TestTensor y({4, 4, 6});
  const absl::Status status = ResizeBicubic(x.view(), y.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("resize_bicubic: \"y\" is f32[4,4,6] on cpu, wanted f32[-1,-1,7]"));
}

}  // namespace
}  // namespace localmamba
