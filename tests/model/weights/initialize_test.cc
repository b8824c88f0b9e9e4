#include "model/weights/initialize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::Not;
using Kind = Initializer::Kind;

class InitializeTest : public testing::Test {
 protected:
  std::vector<float> Values(const std::string& name, const Shape& shape, const Initializer& init,
                            uint64_t seed = 0) {
    ParameterSet parameters;
    Parameter* parameter = parameters.Declare(name, shape, init);
    EXPECT_TRUE(InitializeParameters(parameters, seed, *heap_).ok());
    const float* data = parameter->value.tensor().data<float>();
    return {data, data + shape.elements()};
  }

  std::unique_ptr<Allocator> heap_ = *CreateDeviceAllocator(Device::Cpu());
};

TEST_F(InitializeTest, DependsOnSeedAndNameAlone) {
  const Initializer init{.kind = Kind::kNormal, .scale = 1};
  const std::vector<float> values = Values("a", {8}, init, 7);
  EXPECT_EQ(values, Values("a", {8}, init, 7));
  EXPECT_THAT(values, Not(Values("b", {8}, init, 7)));
  EXPECT_THAT(values, Not(Values("a", {8}, init, 8)));
}

TEST_F(InitializeTest, NormalHasItsMeanAndDeviation) {
  const int64_t n = 100000;
  const std::vector<float> values = Values("w", {n}, {.kind = Kind::kNormal, .scale = 0.02});
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  const double square = std::inner_product(values.begin(), values.end(), values.begin(), 0.0) / n;
  // Five standard errors: 0.02 / sqrt(n) of the mean, 0.02 / sqrt(2n) of the deviation.
  EXPECT_NEAR(mean, 0, 5 * 0.02 / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(square), 0.02, 5 * 0.02 / std::sqrt(2 * n));
}

TEST_F(InitializeTest, UniformFillsItsInterval) {
  const std::vector<float> values = Values("w", {10000}, {.kind = Kind::kUniform, .scale = 0.5});
  EXPECT_THAT(values, testing::Each(testing::AllOf(testing::Ge(-0.5F), testing::Le(0.5F))));
  EXPECT_GT(*std::max_element(values.begin(), values.end()), 0.499F);
  EXPECT_LT(*std::min_element(values.begin(), values.end()), -0.499F);
}

TEST_F(InitializeTest, ALogIsTheLogarithmOfTheColumn) {
  EXPECT_THAT(Values("A_log", {2, 3}, {.kind = Kind::kALog}),
              ElementsAre(0, FloatEq(std::log(2.0F)), FloatEq(std::log(3.0F)), 0,
                          FloatEq(std::log(2.0F)), FloatEq(std::log(3.0F))));
}

TEST_F(InitializeTest, StepSizeBiasIsTheInverseSoftplusOfAStepInItsRange) {
  for (const float bias : Values("bias", {1000}, {.kind = Kind::kStepSizeBias})) {
    const double step = std::log1p(std::exp(static_cast<double>(bias)));
    EXPECT_GE(step, 0.001 * (1 - 1e-5));
    EXPECT_LE(step, 0.1 * (1 + 1e-5));
  }
}

TEST_F(InitializeTest, RopeTurnsTheFirstHalfByRowAndTheSecondByColumn) {
  const Initializer init{.kind = Kind::kRopeCos, .grid_height = 2, .grid_width = 7};
  const std::vector<float> values = Values("rope.freqs_cos", {14, 8}, init);
  const auto row = [&](int64_t cell) { return values.begin() + cell * 8; };
  // Cell (1, 3): row position 7, column position 6; frequencies 1 and 10000^(-1/2).
  EXPECT_THAT(
      std::vector<float>(row(10), row(11)),
      ElementsAre(FloatEq(std::cos(7.0F)), FloatEq(std::cos(7.0F)), FloatEq(std::cos(0.07F)),
                  FloatEq(std::cos(0.07F)), FloatEq(std::cos(6.0F)), FloatEq(std::cos(6.0F)),
                  FloatEq(std::cos(0.06F)), FloatEq(std::cos(0.06F))));
}

}  // namespace
}  // namespace localmamba
