#include "kernels/image/resize_nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/reference/resize.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct ResizeNearestCase {
  std::string name;
  Shape x;
  int64_t Ho, Wo;
};

class ResizeNearestTest : public BackendTest<ResizeNearestCase> {};

TEST_P(ResizeNearestTest, EqualsReference) {
  const ResizeNearestCase& c = test_case();
  TestTensor x = TestTensor::Random(c.x, 1);
  TestTensor y({c.x[0], c.Ho, c.Wo, c.x[3]});
  const TensorView x_view = Data(x);
  const std::vector<double> expected = reference::ResizeNearest(x.values(), c.x, c.Ho, c.Wo);
  ASSERT_TRUE(Fetch(ResizeNearest(x_view, Data(y), stream())));
  EXPECT_EQ(y.values(), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ResizeNearestTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(
            ResizeNearestCase{.name = "OneCellToMany", .x = {2, 1, 1, 3}, .Ho = 3, .Wo = 5},
            ResizeNearestCase{.name = "SameSize", .x = {1, 7, 5, 17}, .Ho = 7, .Wo = 5},
            ResizeNearestCase{.name = "TwiceTheSize", .x = {2, 8, 9, 33}, .Ho = 16, .Wo = 18},
            ResizeNearestCase{.name = "Larger", .x = {1, 5, 7, 16}, .Ho = 11, .Wo = 13},
            ResizeNearestCase{.name = "Smaller", .x = {1, 14, 14, 8}, .Ho = 4, .Wo = 6})),
    BackendCaseName);

TEST(ResizeNearestTest, TakesTheCellBelow) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 1, 5, 1});
  x.storage() = {0, 1, 2, 3, 4};
  TestTensor y({1, 1, 11, 1});
  ASSERT_TRUE(ResizeNearest(x.view(), y.view(), stream).ok());
  EXPECT_EQ(y.values(), (std::vector<double>{0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4}));
}

TEST(ResizeNearestTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 3, 5, 7});
  TestTensor y({2, 4, 4, 7});
  const absl::Status status = ResizeNearest(x.view(), y.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("resize_nearest: \"y\" is f32[2,4,4,7] on cpu, wanted f32[1,-1,-1,7]"));
}

}  // namespace
}  // namespace localmamba
