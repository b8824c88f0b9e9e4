#include "kernels/norm/pooled_layer_norm_backward.h"

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

struct PooledLayerNormBackwardCase {
  std::string name;
  int64_t M, L, D;
  bool affine = true;
  bool dx = true;
};

class PooledLayerNormBackwardTest : public BackendTest<PooledLayerNormBackwardCase> {};

TEST_P(PooledLayerNormBackwardTest, AgreesWithReference) {
  const PooledLayerNormBackwardCase& c = test_case();
  TestTensor x = TestTensor::Random({c.M, c.L, c.D}, 1, -1, 3);
  TestTensor weight = c.affine ? TestTensor::Random({c.D}, 2) : TestTensor();
  TestTensor dy = TestTensor::Random({c.M, c.D}, 3);
  TestTensor dx = c.dx ? TestTensor({c.M, c.L, c.D}) : TestTensor();
  TestTensor dweight = c.affine ? TestTensor({c.D}) : TestTensor();
  TestTensor dbias = c.affine ? TestTensor({c.D}) : TestTensor();
  const PooledLayerNormBackwardArgs args = {.x = Data(x),
                                            .weight = Float32(weight),
                                            .dy = Float32(dy),
                                            .dx = Data(dx),
                                            .dweight = Float32(dweight),
                                            .dbias = Float32(dbias)};
  const reference::LayerNormGradients expected = reference::PooledLayerNormBackward(
      x.values(), weight.values(), 1e-5, static_cast<size_t>(c.L), static_cast<size_t>(c.D),
      dy.values());

  ASSERT_TRUE(Fetch(PooledLayerNormBackward(args, stream())));

  // A few roundings of dy / L times 1 / sigma, which is about 1 but up to 20 in rows of few
  // channels. Results far below 1 are subnormal float16 numbers, 2^-24 apart.
  const double share = (c.D < 8 ? 20.0 : 1.0) / static_cast<double>(c.L);
  const double half_step = backend().dtype == DType::kFloat16 ? 0x1p-25 : 0.0;
  if (c.dx) {
    ExpectNear(dx.values(), expected.dx, 2e-6 * share + half_step, Roundoff() + 1e-5);
  }
  // A mean of L terms up to 2, of which each step of the sum loses a rounding; M of them.
  const double tolerance =
      (2e-6 + 2e-7 * std::sqrt(static_cast<double>(c.L))) * static_cast<double>(c.M);
  if (c.affine) {
    ExpectNear(dweight.values(), expected.dweight, tolerance);
    ExpectNear(dbias.values(), expected.dbias, tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, PooledLayerNormBackwardTest,
    ::testing::Combine(
        ::testing::ValuesIn(BackendsAndInstructionSets()),
        ::testing::Values(
            PooledLayerNormBackwardCase{.name = "OneElement", .M = 1, .L = 1, .D = 1},
            PooledLayerNormBackwardCase{.name = "OneToken", .M = 2, .L = 1, .D = 17},
            PooledLayerNormBackwardCase{.name = "ThreeChannels", .M = 1, .L = 33, .D = 3},
            PooledLayerNormBackwardCase{.name = "OddChannels", .M = 3, .L = 65, .D = 33},
            PooledLayerNormBackwardCase{
                .name = "WithoutWeights", .M = 2, .L = 49, .D = 384, .affine = false},
            PooledLayerNormBackwardCase{
                .name = "OfParametersAlone", .M = 4, .L = 49, .D = 48, .dx = false},
            PooledLayerNormBackwardCase{.name = "ManyTokens", .M = 1, .L = 3136, .D = 192},
            PooledLayerNormBackwardCase{.name = "ManySequences", .M = 1100, .L = 5, .D = 96},
            PooledLayerNormBackwardCase{.name = "Width768", .M = 4, .L = 196, .D = 768},
            PooledLayerNormBackwardCase{.name = "Width1536", .M = 4, .L = 49, .D = 1536},
            PooledLayerNormBackwardCase{.name = "Width3072", .M = 2, .L = 20, .D = 3072})),
    BackendCaseName);

TEST(PooledLayerNormBackwardReferenceTest, IsTheGradientOfTheForward) {
  std::vector<double> x = TestTensor::Random({2, 3, 5}, 1).values();
  std::vector<double> weight = TestTensor::Random({5}, 2).values();
  std::vector<double> bias = TestTensor::Random({5}, 3).values();
  const std::vector<double> dy = TestTensor::Random({2, 5}, 4).values();
  const auto loss = [&] {
    return Dot(dy, reference::PooledLayerNorm(x, weight, bias, 1e-5, 3, 5));
  };

  const reference::LayerNormGradients gradients =
      reference::PooledLayerNormBackward(x, weight, 1e-5, 3, 5, dy);

  ExpectGradient(gradients.dx, x, loss);
  ExpectGradient(gradients.dweight, weight, loss);
  ExpectGradient(gradients.dbias, bias, loss);
}

TEST(PooledLayerNormBackwardTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({2, 5, 7});
  TestTensor dy({2, 7});
  const auto message = [&](const PooledLayerNormBackwardArgs& args) {
    const absl::Status status = PooledLayerNormBackward(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({.x = dy.view(), .dy = dy.view()}),
              HasSubstr("pooled_layer_norm_backward: \"x\" is f32[2,7]"));
  EXPECT_THAT(message({.x = x.view(), .dy = x.view()}), HasSubstr("\"dy\""));
  EXPECT_THAT(message({.x = x.view(), .dy = dy.view(), .dx = dy.view()}), HasSubstr("\"dx\""));
  EXPECT_THAT(message({.x = x.view(), .dy = dy.view(), .dweight = dy.view()}),
              HasSubstr("\"dweight\""));
}

}  // namespace
}  // namespace localmamba
