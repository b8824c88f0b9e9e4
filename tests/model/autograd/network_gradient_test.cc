// What the golden gradients leave out, against differences of the loss: attention with its spatial
// branch, a class token, tables of another grid size, a supernet of both families, stochastic depth.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "model/networks/network_config.h"
#include "tests/support/deterministic.h"
#include "tests/support/training_pass.h"

namespace localmamba {
namespace {

constexpr int64_t kBatch = 2;
const std::vector<int64_t> kLabels = {1, 3};

LayerDirections Directions(std::initializer_list<const char*> names) {
  LayerDirections directions;
  for (const char* name : names) directions.push_back(*ScanDirection::Parse(name));
  return directions;
}

LocalVimConfig SmallVim() {
  LocalVimConfig config;
  config.scan.directions = {Directions({"h", "w2_flip"}), Directions({"v", "w3", "h_flip"})};
  config.image_height = 16;
  config.image_width = 16;
  config.patch_size = 4;
  config.embed_dim = 8;
  config.num_classes = 4;
  return config;
}

LocalVMambaConfig SmallVMamba() {
  LocalVMambaConfig config;
  config.scan.directions = {Directions({"h", "w2"}), Directions({"v_flip"})};
  config.patch_size = 4;
  config.dims = {8, 16};
  config.depths = {1, 1};
  config.num_classes = 4;
  return config;
}

struct GradientCase {
  std::string name;
  NetworkConfig config;
  int64_t height = 16;
  int64_t width = 16;
  std::vector<std::vector<float>> branch_factors = {};
};

std::vector<GradientCase> Cases() {
  std::vector<GradientCase> cases;
  LocalVimConfig vim = SmallVim();
  vim.scan.attention = AttentionKind::kChannelSpatial;
  cases.push_back({"LocalVimSpatialAttention", vim});
  vim = SmallVim();
  vim.middle_class_token = true;
  vim.rope = false;
  vim.norm = NormKind::kLayer;
  cases.push_back({"LocalVimClassTokenOnAnotherGrid", vim, 13, 24});
  vim = SmallVim();
  cases.push_back({"LocalVimStochasticDepth", vim, 16, 16, {{2, 1}, {0, 1.25F}}});
  vim.scan.supernet = true;
  vim.scan.attention = AttentionKind::kNone;
  cases.push_back({"LocalVimSupernetWithoutAttention", vim});
  LocalVMambaConfig vmamba = SmallVMamba();
  vmamba.scan.attention = AttentionKind::kChannelSpatial;
  cases.push_back({"LocalVMambaSpatialAttentionOddGrid", vmamba, 20, 12});
  vmamba = SmallVMamba();
  cases.push_back({"LocalVMambaStochasticDepth", vmamba, 16, 16, {{0, 1.5F}, {2, 1}}});
  vmamba.scan.supernet = true;
  cases.push_back({"LocalVMambaSupernet", vmamba});
  return cases;
}

class NetworkGradientTest : public testing::TestWithParam<GradientCase> {
 protected:
  NetworkGradientTest() : pass_(GetParam().config, Device::Cpu(), DType::kFloat32) {
    for (const std::vector<float>& factors : GetParam().branch_factors) {
      options_.branch_factors.push_back(pass_.Upload(factors, {kBatch}));
    }
  }
  TrainingPass::Result Run() {
    return pass_.Classify({kBatch, 3, GetParam().height, GetParam().width}, kLabels,
                          /*label_smoothing=*/0.1, options_);
  }

  TrainingPass pass_;
  ForwardOptions options_;
};

// For each parameter the derivative of the loss along a direction. Differences of float32 losses
// near 1, good to about 1e-7, over 2 * 1e-2 are good to about 1e-5, and those of the formula have
// an error of the order of the step squared.
TEST_P(NetworkGradientTest, AgreesWithDifferencesOfTheLoss) {
  const TrainingPass::Result result = Run();
  for (const auto& [name, gradient] : result.gradients) {
    std::vector<float> direction =
        DeterministicInput("direction " + name, static_cast<int64_t>(gradient.size()));
    double norm = 0;
    for (const float value : direction) norm += double{value} * double{value};
    for (float& value : direction) value /= static_cast<float>(std::sqrt(norm));
    double derivative = 0;
    for (size_t i = 0; i < gradient.size(); ++i) {
      derivative += double{gradient[i]} * double{direction[i]};
    }
    constexpr double kStep = 1e-2;
    pass_.Move({{name, direction}}, kStep);
    const double above = Run().loss;
    pass_.Move({{name, direction}}, -2 * kStep);
    const double below = Run().loss;
    pass_.Move({{name, direction}}, kStep);
    const double expected = (above - below) / (2 * kStep);
    EXPECT_NEAR(derivative, expected, 5e-5 + 5e-3 * std::abs(expected)) << name;
  }
}

TEST_P(NetworkGradientTest, RecomputedLayersGiveTheSameBits) {
  const TrainingPass::Result kept = Run();
  const TrainingPass::Result again = Run();
  ASSERT_TRUE(again.gradients == kept.gradients) << "two passes differ";
  options_.recompute = true;
  const TrainingPass::Result recomputed = Run();
  EXPECT_EQ(recomputed.loss, kept.loss);
  EXPECT_TRUE(recomputed.input_gradient == kept.input_gradient);
  for (const auto& [name, gradient] : kept.gradients) {
    EXPECT_TRUE(recomputed.gradients.at(name) == gradient) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, NetworkGradientTest, testing::ValuesIn(Cases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
