#include "kernels/norm/add_norm_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/add_norm.h"
#include "tests/reference/add_norm_backward.h"
#include "tests/support/backend.h"
#include "tests/support/finite_difference.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct AddNormBackwardCase {
  std::string name;
  int64_t B, L, D;
  bool rope = false;
  NormKind norm = NormKind::kRms;
  bool dy = true;
  bool dresidual_out = true;
  bool in_place = false;  // dhidden is dy, and dresidual is dresidual_out
  bool dresidual = true;  // wanted?
  bool parameters = true;
};

class AddNormBackwardTest : public BackendTest<AddNormBackwardCase> {};

TEST_P(AddNormBackwardTest, AgreesWithReference) {
  const AddNormBackwardCase& c = test_case();
  const Shape shape = {c.B, c.L, c.D};
  TestTensor residual_out = TestTensor::Random(shape, 1, -2, 3);
  TestTensor rope_cos = c.rope ? TestTensor::Random({c.L, c.D}, 2) : TestTensor();
  TestTensor rope_sin = c.rope ? TestTensor::Random({c.L, c.D}, 3) : TestTensor();
  TestTensor weight = TestTensor::Random({c.D}, 4);
  TestTensor dy = c.dy ? TestTensor::Random(shape, 5) : TestTensor();
  TestTensor dresidual_out = c.dresidual_out ? TestTensor::Random(shape, 6) : TestTensor();
  TestTensor dhidden(shape);
  TestTensor dresidual = c.dresidual ? TestTensor(shape) : TestTensor();
  TestTensor dweight = c.parameters ? TestTensor({c.D}) : TestTensor();
  TestTensor dbias = c.parameters && c.norm == NormKind::kLayer ? TestTensor({c.D}) : TestTensor();
  TestTensor& dhidden_result = c.in_place ? dy : dhidden;
  TestTensor& dresidual_result = c.in_place ? dresidual_out : dresidual;
  const AddNormBackwardArgs args = {.residual_out = Float32(residual_out),
                                    .rope_cos = Float32(rope_cos),
                                    .rope_sin = Float32(rope_sin),
                                    .norm = c.norm,
                                    .weight = Float32(weight),
                                    .dy = Data(dy),
                                    .dresidual_out = Float32(dresidual_out),
                                    .dhidden = Data(dhidden_result),
                                    .dresidual = Float32(dresidual_result),
                                    .dweight = Float32(dweight),
                                    .dbias = Float32(dbias)};
  const reference::AddNormGradients expected = reference::AddNormBackward(
      residual_out.values(), rope_cos.values(), rope_sin.values(), c.norm, weight.values(), 1e-5,
      dy.values(), dresidual_out.values());

  ASSERT_TRUE(Fetch(AddNormBackward(args, stream())));

  // A few roundings of terms up to 3. Rows of two elements that are close to each other have a
  // small deviation, and so large gradients: hence the share of the expected value.
  ExpectNear(dhidden_result.values(), expected.dsum, 2e-6, Roundoff() + 4e-6);
  if (c.dresidual) ExpectNear(dresidual_result.values(), expected.dsum, 2e-6, 4e-6);
  // Terms up to 2 in sums of B * L, which lose a rounding of their size, about its square root, in
  // each of their steps. There are fewer steps than terms.
  const auto rows = static_cast<double>(c.B * c.L);
  if (c.parameters) ExpectNear(dweight.values(), expected.dweight, 2e-6 + 1e-7 * rows);
  if (!dbias.view().empty()) ExpectNear(dbias.values(), expected.dbias, 2e-6 + 1e-7 * rows);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AddNormBackwardTest,
    ::testing::Combine(
        ::testing::ValuesIn(BackendsAndInstructionSets()),
        ::testing::Values(
            AddNormBackwardCase{.name = "OneElement", .B = 1, .L = 1, .D = 1},
            AddNormBackwardCase{
                .name = "OneRowLayer", .B = 1, .L = 1, .D = 17, .norm = NormKind::kLayer},
            AddNormBackwardCase{.name = "ThreeChannels", .B = 2, .L = 5, .D = 3},
            AddNormBackwardCase{.name = "RotatedPair", .B = 1, .L = 3, .D = 2, .rope = true},
            AddNormBackwardCase{
                .name = "OfTheLastLayer", .B = 2, .L = 9, .D = 33, .dresidual_out = false},
            AddNormBackwardCase{.name = "OfTheFirstLayer",
                                .B = 2,
                                .L = 17,
                                .D = 34,
                                .rope = true,
                                .dresidual = false},
            AddNormBackwardCase{.name = "WithoutDyRotated",
                                .B = 2,
                                .L = 5,
                                .D = 34,
                                .rope = true,
                                .norm = NormKind::kLayer,
                                .dy = false},
            AddNormBackwardCase{
                .name = "WithoutAny", .B = 1, .L = 3, .D = 8, .dy = false, .dresidual_out = false},
            AddNormBackwardCase{.name = "FrozenWeights",
                                .B = 2,
                                .L = 33,
                                .D = 48,
                                .norm = NormKind::kLayer,
                                .parameters = false},
            AddNormBackwardCase{
                .name = "ManyRows", .B = 3, .L = 1999, .D = 7, .norm = NormKind::kLayer},
            AddNormBackwardCase{.name = "Width192RotatedInPlace",
                                .B = 8,
                                .L = 196,
                                .D = 192,
                                .rope = true,
                                .in_place = true},
            AddNormBackwardCase{.name = "Width384RotatedLayer",
                                .B = 2,
                                .L = 49,
                                .D = 384,
                                .rope = true,
                                .norm = NormKind::kLayer},
            AddNormBackwardCase{.name = "Width1536", .B = 1, .L = 5, .D = 1536},
            AddNormBackwardCase{.name = "Width3072Rotated",
                                .B = 1,
                                .L = 3,
                                .D = 3072,
                                .rope = true,
                                .norm = NormKind::kLayer})),
    BackendCaseName);

struct ReferenceCase {
  std::string name;
  NormKind norm;
  bool rope;
};

class AddNormBackwardReferenceTest : public testing::TestWithParam<ReferenceCase> {};

TEST_P(AddNormBackwardReferenceTest, IsTheGradientOfTheForward) {
  const bool layer = GetParam().norm == NormKind::kLayer;
  const Shape shape = {2, 3, 6};
  std::vector<double> hidden = TestTensor::Random(shape, 1).values();
  std::vector<double> residual = TestTensor::Random(shape, 2).values();
  const std::vector<double> dy = TestTensor::Random(shape, 3).values();
  const std::vector<double> dresidual_out = TestTensor::Random(shape, 4).values();
  std::vector<double> weight = TestTensor::Random({6}, 5).values();
  std::vector<double> bias = layer ? TestTensor::Random({6}, 6).values() : std::vector<double>();
  std::vector<double> rope_cos;
  std::vector<double> rope_sin;
  if (GetParam().rope) {
    rope_cos = TestTensor::Random({3, 6}, 7).values();
    rope_sin = TestTensor::Random({3, 6}, 8).values();
  }
  const auto forward = [&] {
    return reference::AddNorm(hidden, residual, rope_cos, rope_sin, GetParam().norm, weight, bias,
                              1e-5);
  };
  const auto loss = [&] {
    const reference::AddNormResult result = forward();
    return Dot(dy, result.y) + Dot(dresidual_out, result.sum);
  };

  const reference::AddNormGradients gradients = reference::AddNormBackward(
      forward().sum, rope_cos, rope_sin, GetParam().norm, weight, 1e-5, dy, dresidual_out);

  ExpectGradient(gradients.dsum, hidden, loss);
  ExpectGradient(gradients.dsum, residual, loss);
  ExpectGradient(gradients.dweight, weight, loss);
  if (layer) ExpectGradient(gradients.dbias, bias, loss);
}

INSTANTIATE_TEST_SUITE_P(Norms, AddNormBackwardReferenceTest,
                         testing::Values(ReferenceCase{"Rms", NormKind::kRms, false},
                                         ReferenceCase{"RotatedRms", NormKind::kRms, true},
                                         ReferenceCase{"Layer", NormKind::kLayer, false},
                                         ReferenceCase{"RotatedLayer", NormKind::kLayer, true}),
                         [](const auto& info) { return info.param.name; });

TEST(AddNormBackwardTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor s({2, 5, 7});
  TestTensor table({5, 7});
  TestTensor weight({7});
  const auto message = [&](const AddNormBackwardArgs& args) {
    const absl::Status status = AddNormBackward(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({.weight = weight.view(), .dy = s.view()}), HasSubstr("\"residual_out\""));
  EXPECT_THAT(message({.residual_out = s.view(), .weight = table.view(), .dy = s.view()}),
              HasSubstr("add_norm_backward: \"weight\" is f32[5,7] on cpu, wanted f32[7] on cpu"));
  EXPECT_THAT(
      message({.residual_out = s.view(), .rope_cos = table.view(), .weight = weight.view()}),
      HasSubstr("rope_cos and rope_sin, or neither"));
  EXPECT_THAT(message({.residual_out = s.view(),
                       .rope_cos = table.view(),
                       .rope_sin = table.view(),
                       .weight = weight.view()}),
              HasSubstr("an even number of channels"));
  EXPECT_THAT(message({.residual_out = s.view(), .weight = weight.view(), .dy = table.view()}),
              HasSubstr("\"dy\""));
  EXPECT_THAT(message({.residual_out = s.view(), .weight = weight.view(), .dhidden = table.view()}),
              HasSubstr("\"dhidden\""));
  EXPECT_THAT(message({.residual_out = s.view(), .weight = weight.view(), .dbias = weight.view()}),
              HasSubstr("no bias with an RMS norm"));
}

}  // namespace
}  // namespace localmamba
