#include "kernels/conv/depthwise_conv2d_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/depthwise_conv2d_backward.h"
#include "tests/support/backend.h"
#include "tests/support/finite_difference.h"
#include "tests/support/golden.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct ConvBackwardCase {
  std::string name;
  Shape x;
  int64_t kernel_height = 3;
  int64_t kernel_width = 3;
  int64_t gap = 0;  // between the cells of x and of dx
  bool bias = true;
  Activation activation = Activation::kSilu;
  bool dx = true, parameters = true;
};

class DepthwiseConv2dBackwardTest : public BackendTest<ConvBackwardCase> {};

TEST_P(DepthwiseConv2dBackwardTest, AgreesWithReference) {
  const ConvBackwardCase& c = test_case();
  const Shape kernel = {c.x[3], c.kernel_height, c.kernel_width};
  TestTensor x = TestTensor::Random(c.x, 1, -1, 1, c.gap);
  TestTensor weight = TestTensor::Random(kernel, 2);
  TestTensor bias = c.bias ? TestTensor::Random({c.x[3]}, 3) : TestTensor();
  TestTensor dy = TestTensor::Random(c.x, 4);
  TestTensor dx = c.dx ? TestTensor(c.x, c.gap) : TestTensor();
  TestTensor dweight = c.parameters ? TestTensor(kernel) : TestTensor();
  TestTensor dbias = c.parameters ? TestTensor({c.x[3]}) : TestTensor();
  const DepthwiseConv2dBackwardArgs args = {.x = Data(x),
                                            .weight = Float32(weight),
                                            .bias = Float32(bias),
                                            .activation = c.activation,
                                            .dy = Data(dy),
                                            .dx = Data(dx),
                                            .dweight = Float32(dweight),
                                            .dbias = Float32(dbias)};
  const reference::DepthwiseConv2dGradients expected = reference::DepthwiseConv2dBackward(
      x.values(), c.x, weight.values(), kernel, bias.values(), c.activation, dy.values());

  ASSERT_TRUE(Fetch(DepthwiseConv2dBackward(args, stream())));

  // Sums of T products below 1.2 round by T * 2^-24 of partial sums near sqrt(T); ds, below 1.2, is
  // good to T * 5e-7 as the forward's sum is, and with 16 bits rounded.
  const auto taps = static_cast<double>(c.kernel_height * c.kernel_width + 1);
  const auto cells = static_cast<double>(c.x[0] * c.x[1] * c.x[2]);
  if (c.dx) {
    ExpectNear(dx.values(), expected.dx, taps * (1e-6 + 1.2 * Roundoff()), Roundoff());
    EXPECT_TRUE(dx.GapsAreUntouched());
  }
  if (c.parameters) {
    const double tolerance = 1e-6 * (1.0 + cells * 0.3) + 1.2 * Roundoff() * (1 + cells / 16);
    ExpectNear(dweight.values(), expected.dweight, tolerance);
    ExpectNear(dbias.values(), expected.dbias, tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllBackends, DepthwiseConv2dBackwardTest,
    testing::Combine(
        testing::ValuesIn(BackendsAndInstructionSets()),
        testing::Values(
            ConvBackwardCase{"OneOfEverything", {1, 1, 1, 1}, 1, 1},
            ConvBackwardCase{"OneCell", {2, 1, 1, 17}}, ConvBackwardCase{"OneRow", {2, 1, 5, 17}},
            ConvBackwardCase{"OneColumn", {2, 5, 1, 17}},
            ConvBackwardCase{"InnerCellsAndBorders", {2, 7, 9, 33}},
            ConvBackwardCase{"StridedCells", {2, 4, 5, 19}, 3, 3, 19},
            ConvBackwardCase{"StridedVectors", {2, 9, 6, 24}, 3, 3, 24},
            ConvBackwardCase{"KernelOfFive", {1, 7, 6, 18}, 5, 5},
            ConvBackwardCase{"KernelLargerThanTheGrid", {1, 3, 2, 18}, 7, 9},
            ConvBackwardCase{"FlatKernel", {1, 5, 5, 18}, 1, 3},
            ConvBackwardCase{"NoBias", {1, 4, 4, 18}, 3, 3, 0, false},
            ConvBackwardCase{"NoActivation", {1, 4, 4, 18}, 3, 3, 0, true, Activation::kIdentity},
            ConvBackwardCase{"Gelu", {1, 4, 4, 8}, 3, 3, 0, true, Activation::kGelu},
            ConvBackwardCase{"Sigmoid", {1, 4, 4, 8}, 3, 3, 0, true, Activation::kSigmoid},
            ConvBackwardCase{
                "DxAlone", {2, 5, 6, 16}, 3, 3, 0, true, Activation::kSilu, true, false},
            ConvBackwardCase{
                "ParametersAlone", {2, 5, 6, 16}, 3, 3, 0, true, Activation::kSilu, false, true},
            ConvBackwardCase{"LayerOfANetwork", {2, 28, 28, 96}, 3, 3, 96},
            ConvBackwardCase{"SeveralChunks", {7, 40, 40, 100}})),
    BackendCaseName);

TEST(DepthwiseConv2dBackwardReferenceTest, AgreesWithFiniteDifferences) {
  const Shape shape = {2, 4, 3, 2};
  const Shape kernel = {2, 3, 5};
  std::vector<double> x = TestTensor::Random(shape, 1).values();
  std::vector<double> weight = TestTensor::Random(kernel, 2).values();
  std::vector<double> bias = TestTensor::Random({2}, 3).values();
  const std::vector<double> dy = TestTensor::Random(shape, 4).values();
  const auto loss = [&] {
    return Dot(dy, reference::DepthwiseConv2d(x, shape, weight, kernel, bias, Activation::kSilu));
  };
  const reference::DepthwiseConv2dGradients gradients =
      reference::DepthwiseConv2dBackward(x, shape, weight, kernel, bias, Activation::kSilu, dy);
  ExpectGradient(gradients.dx, x, loss);
  ExpectGradient(gradients.dweight, weight, loss);
  ExpectGradient(gradients.dbias, bias, loss);
}

class DepthwiseConv2dBackwardGoldenTest : public testing::TestWithParam<nlohmann::json> {};

TEST_P(DepthwiseConv2dBackwardGoldenTest, EqualsOfficialGradients) {
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
  const Shape kernel = {shape[3], 3, 3};
  const std::vector<float> x = channels_last(golden->at("x"));
  const std::vector<float> dy = channels_last(golden->at("dout"));
  std::vector<float> dx(x.size());
  std::vector<float> dweight(static_cast<size_t>(kernel.elements()));
  std::vector<float> dbias(static_cast<size_t>(shape[3]));
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status =
      DepthwiseConv2dBackward({.x = {x.data(), DType::kFloat32, shape},
                               .weight = golden->at("weight").view().Reshape(kernel),
                               .bias = golden->at("bias").view(),
                               .activation = Activation::kSilu,
                               .dy = {dy.data(), DType::kFloat32, shape},
                               .dx = {dx.data(), DType::kFloat32, shape},
                               .dweight = {dweight.data(), DType::kFloat32, kernel},
                               .dbias = {dbias.data(), DType::kFloat32, {shape[3]}}},
                              stream);
  ASSERT_TRUE(status.ok()) << status;
  const double tolerance = GetParam().at("tolerance").at("backward").get<double>();
  EXPECT_TRUE(
      MatchesGolden(dx, {.shape = shape, .f32 = channels_last(golden->at("dx"))}, tolerance));
  EXPECT_TRUE(MatchesGolden(dweight, golden->at("dweight"), tolerance));
  EXPECT_TRUE(MatchesGolden(dbias, golden->at("dbias"), tolerance));
}

INSTANTIATE_TEST_SUITE_P(Golden, DepthwiseConv2dBackwardGoldenTest,
                         testing::ValuesIn(GoldenCases("depthwise_conv2d_silu")),
                         [](const auto& info) {
                           return info.param.at("id").template get<std::string>();
                         });

TEST(DepthwiseConv2dBackwardTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 3, 4, 5});
  TestTensor weight({5, 3, 3});
  const auto message = [&](const DepthwiseConv2dBackwardArgs& args) {
    const absl::Status status = DepthwiseConv2dBackward(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({.x = x.view(), .weight = weight.view()}), HasSubstr("\"dy\" is"));
  EXPECT_THAT(message({.x = x.view(), .weight = weight.view(), .dy = x.view(), .dx = x.view()}),
              HasSubstr("memory apart from x and dy"));
  EXPECT_THAT(
      message({.x = x.view(), .weight = weight.view(), .dy = x.view(), .dweight = x.view()}),
      HasSubstr(
          "depthwise_conv2d_backward: \"dweight\" is f32[1,3,4,5] on cpu, wanted f32[5,3,3]"));
}

}  // namespace
}  // namespace localmamba
