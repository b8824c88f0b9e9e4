#include "kernels/conv/depthwise_conv2d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <tuple>

#include "tests/reference/depthwise_conv2d.h"
#include "tests/support/backend.h"
#include "tests/support/golden.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct ConvCase {
  std::string name;
  Shape x;
  int64_t kernel_height = 3;
  int64_t kernel_width = 3;
  int64_t gap = 0;  // between the cells of x
  bool bias = true;
  Activation activation = Activation::kSilu;
};

void PrintTo(const ConvCase& conv_case, std::ostream* out) { *out << conv_case.name; }

class DepthwiseConv2dTest : public BackendTest<ConvCase> {};

TEST_P(DepthwiseConv2dTest, AgreesWithReference) {
  const ConvCase& c = test_case();
  const Shape kernel = {c.x[3], c.kernel_height, c.kernel_width};
  TestTensor x = TestTensor::Random(c.x, 1, -1, 1, c.gap);
  TestTensor weight = TestTensor::Random(kernel, 2);
  TestTensor bias = c.bias ? TestTensor::Random({c.x[3]}, 3) : TestTensor();
  TestTensor y(c.x);
  const DepthwiseConv2dArgs args = {.x = Data(x),
                                    .weight = Float32(weight),
                                    .bias = Float32(bias),
                                    .activation = c.activation,
                                    .y = Data(y)};

  ASSERT_TRUE(Fetch(DepthwiseConv2d(args, stream())));

  // A sum of T terms below 1 rounds by T * 2^-24 of its partial sums, which stay near sqrt(T); the
  // activations have slopes below 1.2 and add 2^-21 of the result.
  const auto taps = static_cast<double>(c.kernel_height * c.kernel_width + 1);
  ExpectNear(y.values(),
             reference::DepthwiseConv2d(x.values(), c.x, weight.values(), kernel, bias.values(),
                                        c.activation),
             taps * 5e-7, Roundoff());
}

INSTANTIATE_TEST_SUITE_P(
    AllBackends, DepthwiseConv2dTest,
    testing::Combine(
        testing::ValuesIn(BackendsAndInstructionSets()),
        testing::Values(
            ConvCase{"OneOfEverything", {1, 1, 1, 1}, 1, 1}, ConvCase{"OneCell", {2, 1, 1, 17}},
            ConvCase{"OneRow", {2, 1, 5, 17}}, ConvCase{"OneColumn", {2, 5, 1, 17}},
            ConvCase{"TwoByTwo", {1, 2, 2, 32}}, ConvCase{"InnerCellsAndBorders", {2, 7, 9, 33}},
            ConvCase{"SeveralBands", {1, 19, 4, 5}},
            ConvCase{"StridedCells", {2, 4, 5, 19}, 3, 3, 19},
            ConvCase{"KernelOfFive", {1, 7, 6, 18}, 5, 5},
            ConvCase{"KernelLargerThanTheGrid", {1, 3, 2, 18}, 7, 9},
            ConvCase{"FlatKernel", {1, 5, 5, 18}, 1, 3},
            ConvCase{"TallKernel", {1, 5, 5, 18}, 3, 1},
            ConvCase{"NoBias", {1, 4, 4, 18}, 3, 3, 0, false},
            ConvCase{"NoActivation", {1, 4, 4, 18}, 3, 3, 0, true, Activation::kIdentity},
            ConvCase{"Gelu", {1, 4, 4, 8}, 3, 3, 0, true, Activation::kGelu},
            ConvCase{"Sigmoid", {1, 4, 4, 8}, 3, 3, 0, true, Activation::kSigmoid},
            ConvCase{"LayerOfANetwork", {2, 28, 28, 96}, 3, 3, 96},
            ConvCase{"OddGrid", {3, 13, 7, 20}})),
    BackendCaseName);

class DepthwiseConv2dGoldenTest : public testing::TestWithParam<nlohmann::json> {};

TEST_P(DepthwiseConv2dGoldenTest, EqualsOfficialValues) {
  const auto golden = LoadGoldenTensors(FindGoldenFile(GetParam().at("file").get<std::string>()));
  ASSERT_TRUE(golden.ok()) << golden.status();
  // Channels first: (b, d, H * W) → (b, H * W, d).
  const auto channels_last = [](const GoldenTensor& tensor) {
    return SwapLastTwoDimensions(
        {.shape = {tensor.shape[0], tensor.shape[1], tensor.shape[2] * tensor.shape[3]},
         .f32 = tensor.f32});
  };
  const Shape& stored = golden->at("x").shape;
  const Shape shape = {stored[0], stored[2], stored[3], stored[1]};
  const std::vector<float> x = channels_last(golden->at("x"));
  const GoldenTensor expected = {.shape = shape, .f32 = channels_last(golden->at("out"))};
  std::vector<float> y(x.size());
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status =
      DepthwiseConv2d({.x = {x.data(), DType::kFloat32, shape},
                       .weight = golden->at("weight").view().Reshape({shape[3], 3, 3}),
                       .bias = golden->at("bias").view(),
                       .activation = Activation::kSilu,
                       .y = {y.data(), DType::kFloat32, shape}},
                      stream);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(MatchesGolden(y, expected, GetParam().at("tolerance").at("forward").get<double>()));
}

INSTANTIATE_TEST_SUITE_P(Golden, DepthwiseConv2dGoldenTest,
                         testing::ValuesIn(GoldenCases("depthwise_conv2d_silu")),
                         [](const auto& info) {
                           return info.param.at("id").template get<std::string>();
                         });

struct ErrorCase {
  std::string name;
  std::function<void(DepthwiseConv2dArgs&)> spoil;
  std::string message;  // a fragment
};

void PrintTo(const ErrorCase& error_case, std::ostream* out) { *out << error_case.name; }

class DepthwiseConv2dErrorTest : public testing::TestWithParam<ErrorCase> {};

TEST_P(DepthwiseConv2dErrorTest, NamesTheArgument) {
  TestTensor x = TestTensor::Random({1, 3, 4, 5}, 1);
  TestTensor weight = TestTensor::Random({5, 3, 3}, 2);
  TestTensor bias = TestTensor::Random({5}, 3);
  TestTensor y({1, 3, 4, 5});
  DepthwiseConv2dArgs args{
      .x = x.view(), .weight = weight.view(), .bias = bias.view(), .y = y.view()};
  GetParam().spoil(args);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status = DepthwiseConv2d(args, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("depthwise_conv2d: " + GetParam().message));
}

using Args = DepthwiseConv2dArgs;
INSTANTIATE_TEST_SUITE_P(
    Arguments, DepthwiseConv2dErrorTest,
    testing::Values(ErrorCase{"MissingX", [](Args& a) { a.x = {}; }, "\"x\""},
                    ErrorCase{"RankOfX", [](Args& a) { a.x = a.x.Select(0, 0); }, "\"x\""},
                    ErrorCase{"Channels", [](Args& a) { a.weight = a.weight.Slice(0, 0, 4); },
                              "\"weight\" is f32[4,3,3] on cpu, wanted f32[5,-1,-1] on cpu"},
                    ErrorCase{
                        "EvenKernel",
                        [](Args& a) {
                          a.weight = ConstTensorView(a.x.raw_data(), DType::kFloat32, {5, 2, 3});
                        },
                        "\"weight\" is f32[5,2,3] on cpu, wanted odd kernel sides"},
                    ErrorCase{"Bias", [](Args& a) { a.bias = a.bias.Slice(0, 0, 4); }, "\"bias\""},
                    ErrorCase{"GapsInY", [](Args& a) { a.y = a.y.Slice(3, 0, 4); }, "\"y\""}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
