#include "kernels/conv/conv2d_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/reference/conv2d.h"
#include "tests/reference/conv2d_backward.h"
#include "tests/support/backend.h"
#include "tests/support/finite_difference.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct Conv2dBackwardCase {
  std::string name;
  Shape x;       // B, C, H, W
  Shape weight;  // O, C, kh, kw
  int64_t stride = 1;
  int64_t top = 0, left = 0, bottom = 0, right = 0;
  bool dx = true;

  [[nodiscard]] int64_t Ho() const { return (x[2] + top + bottom - weight[2]) / stride + 1; }
  [[nodiscard]] int64_t Wo() const { return (x[3] + left + right - weight[3]) / stride + 1; }
};

class Conv2dBackwardTest : public BackendTest<Conv2dBackwardCase> {};

TEST_P(Conv2dBackwardTest, AgreesWithReference) {
  const Conv2dBackwardCase& c = test_case();
  TestTensor x = TestTensor::Random(c.x, 1);
  TestTensor weight = TestTensor::Random(c.weight, 2);
  TestTensor dy = TestTensor::Random({c.x[0], c.Ho(), c.Wo(), c.weight[0]}, 3);
  TestTensor dx = c.dx ? TestTensor(c.x) : TestTensor();
  TestTensor dweight(c.weight);
  TestTensor dbias({c.weight[0]});
  const Conv2dBackwardArgs args = {.x = Data(x),
                                   .weight = Data(weight),
                                   .stride = c.stride,
                                   .pad_top = c.top,
                                   .pad_left = c.left,
                                   .pad_bottom = c.bottom,
                                   .pad_right = c.right,
                                   .dy = Data(dy),
                                   .dx = Data(dx),
                                   .dweight = Float32(dweight),
                                   .dbias = Float32(dbias)};
  const reference::Conv2dGradients expected =
      reference::Conv2dBackward(x.values(), c.x, weight.values(), c.weight, c.stride, c.top, c.left,
                                c.Ho(), c.Wo(), dy.values());

  ASSERT_TRUE(Fetch(Conv2dBackward(args, stream())));

  // Sums of products of values below 1, see linear_test.cc; with 16 bits the summand of each tap of
  // dx is rounded too, which stays near the square root of the number of outputs.
  const auto cells = static_cast<double>(c.x[0] * c.Ho() * c.Wo());
  const auto outputs = static_cast<double>(c.weight[0]);
  const auto taps = static_cast<double>(c.weight[2] * c.weight[3]);
  ExpectNear(dweight.values(), expected.dweight, 1.2e-7 * cells + 1e-6);
  ExpectNear(dbias.values(), expected.dbias, 1.2e-7 * cells + 1e-6);
  if (c.dx) {
    ExpectNear(
        dx.values(), expected.dx,
        1.2e-7 * taps * outputs + 1e-6 + Roundoff() * 2.0 * std::sqrt(outputs) * std::sqrt(taps),
        Roundoff());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Conv2dBackwardTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(
            Conv2dBackwardCase{.name = "OnePixel", .x = {1, 1, 1, 1}, .weight = {1, 1, 1, 1}},
            Conv2dBackwardCase{
                .name = "Patches4", .x = {2, 3, 16, 12}, .weight = {17, 3, 4, 4}, .stride = 4},
            Conv2dBackwardCase{.name = "ParametersAlone",
                               .x = {2, 3, 16, 12},
                               .weight = {16, 3, 4, 4},
                               .stride = 4,
                               .dx = false},
            Conv2dBackwardCase{.name = "Patches16OfAnUnevenImage",
                               .x = {1, 3, 44, 29},
                               .weight = {33, 3, 16, 16},
                               .stride = 16,
                               .bottom = 4,
                               .right = 3},
            Conv2dBackwardCase{.name = "ThreeByThree",
                               .x = {2, 5, 7, 9},
                               .weight = {6, 5, 3, 3},
                               .top = 1,
                               .left = 1,
                               .bottom = 1,
                               .right = 1},
            Conv2dBackwardCase{.name = "PaddingWiderThanTheKernel",
                               .x = {1, 2, 3, 2},
                               .weight = {3, 2, 2, 3},
                               .stride = 2,
                               .top = 3,
                               .left = 5,
                               .bottom = 4,
                               .right = 1},
            Conv2dBackwardCase{.name = "StrideWiderThanTheKernel",
                               .x = {2, 2, 9, 10},
                               .weight = {4, 2, 2, 2},
                               .stride = 3},
            // An image has 27 * 16384 gathered elements: one chunk does not hold all five.
            Conv2dBackwardCase{
                .name = "SeveralChunks", .x = {5, 3, 130, 130}, .weight = {2, 3, 3, 3}})),
    BackendCaseName);

TEST(Conv2dBackwardReferenceTest, AgreesWithFiniteDifferences) {
  const Shape x_shape = {2, 2, 5, 4};
  const Shape weight_shape = {3, 2, 3, 2};
  constexpr int64_t kHo = 3;
  constexpr int64_t kWo = 2;
  std::vector<double> x = TestTensor::Random(x_shape, 1).values();
  std::vector<double> weight = TestTensor::Random(weight_shape, 2).values();
  std::vector<double> bias = TestTensor::Random({3}, 3).values();
  const std::vector<double> dy = TestTensor::Random({2, kHo, kWo, 3}, 4).values();
  const auto loss = [&] {
    return Dot(dy, reference::Conv2d(x, x_shape, weight, weight_shape, bias, /*stride=*/2,
                                     /*pad_top=*/1, /*pad_left=*/0, kHo, kWo));
  };
  const reference::Conv2dGradients gradients =
      reference::Conv2dBackward(x, x_shape, weight, weight_shape, /*stride=*/2, /*pad_top=*/1,
                                /*pad_left=*/0, kHo, kWo, dy);
  ExpectGradient(gradients.dx, x, loss);
  ExpectGradient(gradients.dweight, weight, loss);
  ExpectGradient(gradients.dbias, bias, loss);
}

TEST(Conv2dBackwardTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 3, 8, 8});
  TestTensor weight({5, 3, 4, 4});
  TestTensor dy({1, 2, 2, 5});
  TestTensor dbias({4});
  const auto message = [&](const Conv2dBackwardArgs& args) {
    const absl::Status status = Conv2dBackward(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({.x = x.view(), .weight = weight.view(), .dy = dy.view()}),
              HasSubstr("conv2d_backward: \"dy\" is f32[1,2,2,5] on cpu, wanted f32[1,5,5,5]"));
  EXPECT_THAT(message({.x = x.view(),
                       .weight = weight.view(),
                       .stride = 4,
                       .dy = dy.view(),
                       .dbias = dbias.view()}),
              HasSubstr("\"dbias\""));
  EXPECT_THAT(message({.x = x.view(), .weight = weight.view(), .stride = 0, .dy = dy.view()}),
              HasSubstr("stride 0"));
}

}  // namespace
}  // namespace localmamba
