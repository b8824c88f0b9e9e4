#include "kernels/image/resize_bilinear.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/resize.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct ResizeBilinearCase {
  std::string name;
  Shape x;
  int64_t Ho, Wo;
  int64_t gap = 0;  // other channels between those of neighbouring cells
};

class ResizeBilinearTest : public BackendTest<ResizeBilinearCase> {};

TEST_P(ResizeBilinearTest, AgreesWithReference) {
  const ResizeBilinearCase& c = test_case();
  TestTensor x = TestTensor::Random(c.x, 1);
  TestTensor y({c.x[0], c.Ho, c.Wo, c.x[3]}, c.gap);
  ASSERT_TRUE(Fetch(ResizeBilinear(Data(x), Data(y), stream())));
  // Four products whose weights sum to 1, each with a few roundings.
  ExpectNear(y.values(), reference::ResizeBilinear(x.values(), c.x, c.Ho, c.Wo), 5e-7 + Roundoff(),
             Roundoff());
  EXPECT_TRUE(y.GapsAreUntouched());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ResizeBilinearTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(
            ResizeBilinearCase{.name = "OneCellToMany", .x = {2, 1, 1, 3}, .Ho = 3, .Wo = 5},
            ResizeBilinearCase{.name = "SameSize", .x = {1, 7, 5, 17}, .Ho = 7, .Wo = 5},
            ResizeBilinearCase{.name = "TwiceTheSize", .x = {2, 8, 9, 33}, .Ho = 16, .Wo = 18},
            ResizeBilinearCase{.name = "Larger", .x = {1, 5, 6, 16}, .Ho = 17, .Wo = 23},
            ResizeBilinearCase{.name = "Smaller", .x = {1, 14, 14, 8}, .Ho = 4, .Wo = 6},
            ResizeBilinearCase{.name = "OneRow", .x = {1, 1, 9, 1}, .Ho = 1, .Wo = 33},
            ResizeBilinearCase{
                .name = "IntoChannelsOfAWiderMap", .x = {3, 4, 5, 7}, .Ho = 9, .Wo = 8, .gap = 6})),
    BackendCaseName);

TEST(ResizeBilinearTest, IsTheIdentityForEqualSizes) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x = TestTensor::Random({1, 5, 7, 3}, 1);
  TestTensor y({1, 5, 7, 3});
  ASSERT_TRUE(ResizeBilinear(x.view(), y.view(), stream).ok());
  EXPECT_EQ(x.values(), y.values());
}

TEST(ResizeBilinearTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 3, 5, 7});
  TestTensor y({1, 4, 4, 6});
  const absl::Status status = ResizeBilinear(x.view(), y.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("resize_bilinear: \"y\" is f32[1,4,4,6] on cpu, wanted f32[1,-1,-1,7]"));
}

}  // namespace
}  // namespace localmamba
