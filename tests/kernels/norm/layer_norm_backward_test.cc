#include "kernels/norm/layer_norm_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/layer_norm.h"
#include "tests/reference/layer_norm_backward.h"
#include "tests/support/backend.h"
#include "tests/support/finite_difference.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct LayerNormBackwardCase {
  std::string name;
  int64_t M, D;
  int64_t gap = 0;
  bool affine = true;
  bool gate = false;
  bool in_place = false;  // dx is dy
  bool float32_x = false;
  bool dx = true;  // wanted?
  bool dz = true;
  bool parameters = true;
};

class LayerNormBackwardTest : public BackendTest<LayerNormBackwardCase> {};

TEST_P(LayerNormBackwardTest, AgreesWithReference) {
  const LayerNormBackwardCase& c = test_case();
  const Shape shape = {c.M, c.D};
  TestTensor x = TestTensor::Random(shape, 1, 2, 4, c.gap);
  TestTensor weight = c.affine ? TestTensor::Random({c.D}, 2) : TestTensor();
  TestTensor bias = c.affine ? TestTensor::Random({c.D}, 3) : TestTensor();
  TestTensor z = c.gate ? TestTensor::Random(shape, 4, -8, 8, c.gap) : TestTensor();
  TestTensor dy = TestTensor::Random(shape, 5, -1, 1, c.gap);
  TestTensor dx = c.dx ? TestTensor(shape, c.gap) : TestTensor();
  TestTensor dz = c.gate && c.dz ? TestTensor(shape, c.gap) : TestTensor();
  TestTensor dweight = c.parameters ? TestTensor({c.D}) : TestTensor();
  TestTensor dbias = c.parameters ? TestTensor({c.D}) : TestTensor();
  TestTensor& dx_result = c.in_place ? dy : dx;
  const LayerNormBackwardArgs args = {.x = c.float32_x ? Float32(x) : Data(x),
                                      .weight = Float32(weight),
                                      .bias = Float32(bias),
                                      .z = Data(z),
                                      .dy = Data(dy),
                                      .dx = c.float32_x ? Float32(dx_result) : Data(dx_result),
                                      .dz = Data(dz),
                                      .dweight = Float32(dweight),
                                      .dbias = Float32(dbias)};
  const reference::LayerNormGradients expected =
      reference::LayerNormBackward(x.values(), weight.values(), bias.values(), z.values(), 1e-5,
                                   static_cast<size_t>(c.D), dy.values());

  ASSERT_TRUE(Fetch(LayerNormBackward(args, stream())));

  // x^ is off by a few roundings of x, up to 4, times 1 / sigma = 1.7; the gate's slope and the
  // gate itself are up to 8. Rows of few elements have larger 1 / sigma, but then also results.
  const double gate = c.gate ? 8.0 : 1.0;
  const double x_roundoff = c.float32_x ? 0.0 : Roundoff();
  if (c.dx) {
    ExpectNear(dx_result.values(), expected.dx, gate * 5e-6, x_roundoff + 1e-5);
    EXPECT_TRUE(dx_result.GapsAreUntouched());
  }
  if (!dz.view().empty()) {
    ExpectNear(dz.values(), expected.dz, 2e-5, Roundoff());
    EXPECT_TRUE(dz.GapsAreUntouched());
  }
  // The errors of the terms, above, and of their sum, of which each step loses a rounding.
  const double tolerance = gate * (5e-6 + 4e-7 * static_cast<double>(c.M));
  if (c.parameters) {
    ExpectNear(dweight.values(), expected.dweight, tolerance);
    ExpectNear(dbias.values(), expected.dbias, tolerance);
  }
}

TEST_P(LayerNormBackwardTest, IsTheSameEveryTime) {
  const LayerNormBackwardCase& c = test_case();
  TestTensor x = TestTensor::Random({c.M, c.D}, 1);
  TestTensor dy = TestTensor::Random({c.M, c.D}, 2);
  TestTensor first({c.D});
  TestTensor second({c.D});
  for (TestTensor* dweight : {&first, &second}) {
    ASSERT_TRUE(Fetch(
        LayerNormBackward({.x = Data(x), .dy = Data(dy), .dweight = Float32(*dweight)}, stream())));
  }
  EXPECT_EQ(first.values(), second.values());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, LayerNormBackwardTest,
    ::testing::Combine(
        ::testing::ValuesIn(BackendsAndInstructionSets()),
        ::testing::Values(
            LayerNormBackwardCase{.name = "OneColumn", .M = 3, .D = 1},
            LayerNormBackwardCase{.name = "OneRow", .M = 1, .D = 17},
            LayerNormBackwardCase{.name = "ThreeColumnsGated", .M = 7, .D = 3, .gate = true},
            LayerNormBackwardCase{.name = "OddColumns", .M = 33, .D = 33},
            LayerNormBackwardCase{.name = "WithoutWeights", .M = 17, .D = 96, .affine = false},
            LayerNormBackwardCase{
                .name = "WithoutWeightsGated", .M = 5, .D = 40, .affine = false, .gate = true},
            LayerNormBackwardCase{.name = "GatedStridedRowsInPlace",
                                  .M = 17,
                                  .D = 100,
                                  .gap = 5,
                                  .gate = true,
                                  .in_place = true},
            LayerNormBackwardCase{.name = "OfParametersAlone",
                                  .M = 49,
                                  .D = 64,
                                  .gate = true,
                                  .dx = false,
                                  .dz = false},
            LayerNormBackwardCase{
                .name = "OfInputsAlone", .M = 49, .D = 64, .gate = true, .parameters = false},
            LayerNormBackwardCase{.name = "ManyRows", .M = 9973, .D = 8},
            LayerNormBackwardCase{.name = "Width96", .M = 3136, .D = 96},
            LayerNormBackwardCase{
                .name = "Width192Gated", .M = 49, .D = 192, .gap = 192, .gate = true},
            LayerNormBackwardCase{.name = "Width384InPlace", .M = 33, .D = 384, .in_place = true},
            LayerNormBackwardCase{
                .name = "Width768OfFloat32", .M = 17, .D = 768, .float32_x = true},
            LayerNormBackwardCase{.name = "Width1536Gated", .M = 12, .D = 1536, .gate = true},
            LayerNormBackwardCase{.name = "Width3072", .M = 2, .D = 3072})),
    BackendCaseName);

TEST(LayerNormBackwardTest, DoesNotDependOnTheNumberOfThreads) {
  TestTensor x = TestTensor::Random({1000, 33}, 1);
  TestTensor dy = TestTensor::Random({1000, 33}, 2);
  TestTensor one({33});
  TestTensor three({33});
  Stream stream1 = *Stream::Create(Device::Cpu(), 1);
  Stream stream3 = *Stream::Create(Device::Cpu(), 3);
  ASSERT_TRUE(
      LayerNormBackward({.x = x.view(), .dy = dy.view(), .dweight = one.view()}, stream1).ok());
  ASSERT_TRUE(
      LayerNormBackward({.x = x.view(), .dy = dy.view(), .dweight = three.view()}, stream3).ok());
  EXPECT_EQ(one.values(), three.values());
}

TEST(LayerNormBackwardTest, NoRowsHaveZeroWeightGradients) {
  TestTensor x({3, 5});
  TestTensor dweight({5});
  TestTensor dbias({5});
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const TensorView none = x.view().Slice(0, 0, 0);
  ASSERT_TRUE(LayerNormBackward(
                  {.x = none, .dy = none, .dweight = dweight.view(), .dbias = dbias.view()}, stream)
                  .ok());
  EXPECT_EQ(dweight.values(), std::vector<double>(5, 0.0));
  EXPECT_EQ(dbias.values(), std::vector<double>(5, 0.0));
}

TEST(LayerNormBackwardReferenceTest, IsTheGradientOfTheForward) {
  std::vector<double> x = TestTensor::Random({4, 5}, 1).values();
  std::vector<double> weight = TestTensor::Random({5}, 2).values();
  std::vector<double> bias = TestTensor::Random({5}, 3).values();
  std::vector<double> z = TestTensor::Random({4, 5}, 4, -4, 4).values();
  const std::vector<double> dy = TestTensor::Random({4, 5}, 5).values();
  const auto loss = [&] { return Dot(dy, reference::LayerNorm(x, weight, bias, z, 1e-5, 5)); };

  const reference::LayerNormGradients gradients =
      reference::LayerNormBackward(x, weight, bias, z, 1e-5, 5, dy);

  ExpectGradient(gradients.dx, x, loss);
  ExpectGradient(gradients.dz, z, loss);
  ExpectGradient(gradients.dweight, weight, loss);
  ExpectGradient(gradients.dbias, bias, loss);
}

TEST(LayerNormBackwardTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({5, 7});
  TestTensor other({5, 6});
  const auto message = [&](const LayerNormBackwardArgs& args) {
    const absl::Status status = LayerNormBackward(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({.x = other.view(), .dy = x.view()}),
              HasSubstr("layer_norm_backward: \"x\" is f32[5,6] on cpu, wanted f32[5,7] on cpu"));
  EXPECT_THAT(message({.x = x.view()}), HasSubstr("\"dy\""));
  EXPECT_THAT(message({.x = x.view(), .z = other.view(), .dy = x.view()}), HasSubstr("\"z\""));
  EXPECT_THAT(message({.x = x.view(), .dy = x.view(), .dx = other.view()}), HasSubstr("\"dx\""));
  EXPECT_THAT(message({.x = x.view(), .dy = x.view(), .dz = x.view()}),
              HasSubstr("no dz without z"));
  EXPECT_THAT(message({.x = x.view(), .dy = x.view(), .dweight = x.view()}),
              HasSubstr("\"dweight\""));
  EXPECT_THAT(message({.x = x.view(), .dy = x.view(), .dbias = x.view()}), HasSubstr("\"dbias\""));
}

}  // namespace
}  // namespace localmamba
