#include "kernels/conv/conv2d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/reference/conv2d.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct Conv2dCase {
  std::string name;
  Shape x;       // B, C, H, W
  Shape weight;  // O, C, kh, kw
  int64_t stride = 1;
  int64_t top = 0, left = 0, bottom = 0, right = 0;
  bool bias = true;
};

class Conv2dTest : public BackendTest<Conv2dCase> {};

TEST_P(Conv2dTest, AgreesWithReference) {
  const Conv2dCase& c = test_case();
  TestTensor x = TestTensor::Random(c.x, 1);
  TestTensor weight = TestTensor::Random(c.weight, 2);
  TestTensor bias = c.bias ? TestTensor::Random({c.weight[0]}, 3) : TestTensor();
  const int64_t Ho = (c.x[2] + c.top + c.bottom - c.weight[2]) / c.stride + 1;
  const int64_t Wo = (c.x[3] + c.left + c.right - c.weight[3]) / c.stride + 1;
  TestTensor y({c.x[0], Ho, Wo, c.weight[0]});

  const Conv2dArgs args = {.x = Data(x),
                           .weight = Data(weight),
                           .bias = Float32(bias),
                           .stride = c.stride,
                           .pad_top = c.top,
                           .pad_left = c.left,
                           .pad_bottom = c.bottom,
                           .pad_right = c.right,
                           .y = Data(y)};

  ASSERT_TRUE(Fetch(Conv2d(args, stream())));

  const auto taps = static_cast<double>(c.weight.elements() / c.weight[0]);
  ExpectNear(y.values(),
             reference::Conv2d(x.values(), c.x, weight.values(), c.weight, bias.values(), c.stride,
                               c.top, c.left, Ho, Wo),
             1.2e-7 * taps + 1e-6 + 1.2 * Roundoff() * (1 + 2 * std::sqrt(taps)),
             Roundoff());  // a sum of `taps` products, see linear_test.cc
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Conv2dTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(
            Conv2dCase{.name = "OnePixel", .x = {1, 1, 1, 1}, .weight = {1, 1, 1, 1}},
            Conv2dCase{
                .name = "Patches4", .x = {2, 3, 16, 12}, .weight = {17, 3, 4, 4}, .stride = 4},
            Conv2dCase{.name = "Patches16OfAnUnevenImage",
                       .x = {1, 3, 44, 29},
                       .weight = {33, 3, 16, 16},
                       .stride = 16,
                       .bottom = 4,
                       .right = 3},
            Conv2dCase{.name = "ThreeByThree",
                       .x = {2, 5, 7, 9},
                       .weight = {6, 5, 3, 3},
                       .top = 1,
                       .left = 1,
                       .bottom = 1,
                       .right = 1,
                       .bias = false},
            Conv2dCase{.name = "PaddingWiderThanTheKernel",
                       .x = {1, 2, 3, 2},
                       .weight = {3, 2, 2, 3},
                       .stride = 2,
                       .top = 3,
                       .left = 5,
                       .bottom = 4,
                       .right = 1},
            // 27 inputs a cell and 65536 cells do not fit one chunk of gathered rows.
            Conv2dCase{.name = "SeveralChunks", .x = {1, 3, 258, 258}, .weight = {2, 3, 3, 3}})),
    BackendCaseName);

TEST(Conv2dTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 3, 8, 8});
  TestTensor weight({5, 3, 4, 4});
  TestTensor y({1, 2, 2, 5});
  const auto message = [&](const Conv2dArgs& args) {
    const absl::Status status = Conv2d(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({.x = x.view(), .weight = weight.view(), .y = y.view()}),
              HasSubstr("conv2d: \"y\" is f32[1,2,2,5] on cpu, wanted f32[1,5,5,5] on cpu"));
  EXPECT_THAT(message({.x = x.view(), .weight = weight.view(), .stride = 0, .y = y.view()}),
              HasSubstr("stride 0"));
  EXPECT_THAT(
      message({.x = x.view(), .weight = weight.view(), .stride = 4, .pad_left = -1, .y = y.view()}),
      HasSubstr("padding 0,-1,0,0"));
  EXPECT_THAT(message({.x = x.view().Slice(2, 0, 3), .weight = weight.view(), .y = y.view()}),
              HasSubstr("\"x\" is f32[1,3,3,8]"));
  TestTensor small({1, 3, 3, 8});
  EXPECT_THAT(message({.x = small.view(), .weight = weight.view(), .y = y.view()}),
              HasSubstr("a kernel no larger than the padded x"));
}

}  // namespace
}  // namespace localmamba
