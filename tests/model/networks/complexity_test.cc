#include "model/networks/complexity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/networks/network.h"
#include "model/networks/variants.h"

namespace localmamba {
namespace {

// The published numbers, reference §1.3 and §1.4.
struct Published {
  std::string variant;
  int64_t parameters;
  int64_t buffers;
  size_t tensors;  // in the state dict
  int64_t official_macs;
  int64_t macs;
};

class PublishedTest : public testing::TestWithParam<Published> {};

TEST_P(PublishedTest, ParametersBuffersAndTensorsAreExact) {
  const auto network = *CreateNetwork(*VariantConfig(GetParam().variant));
  const ParameterSet& parameters = network->parameters();
  EXPECT_EQ(parameters.TrainableElements(), GetParam().parameters);
  EXPECT_EQ(parameters.parameters().size(), GetParam().tensors);
  int64_t buffers = 0;
  for (const Parameter& parameter : parameters.parameters()) {
    if (!parameter.trainable) buffers += parameter.shape.elements();
  }
  EXPECT_EQ(buffers, GetParam().buffers);
}

TEST_P(PublishedTest, MacsAreExact) {
  const Complexity complexity = *CountComplexity(*VariantConfig(GetParam().variant), 224, 224);
  EXPECT_EQ(complexity.total.official_macs, GetParam().official_macs);
  EXPECT_EQ(complexity.total.macs, GetParam().macs);
  EXPECT_EQ(complexity.total.parameters, GetParam().parameters);
}

INSTANTIATE_TEST_SUITE_P(
    All, PublishedTest,
    testing::Values(
        Published{"local_vim_tiny", 7994152, 75264, 748, 1481765376, 1755204096},
        Published{"local_vim_tiny_wo_search", 7994152, 75264, 748, 1481765376, 1755204096},
        Published{"local_vim_tiny_middle_cls_token", 7994536, 0, 747, 1489172736, 1763993856},
        Published{"local_vim_small", 27783784, 150528, 748, 4771341312, 5539402752},
        Published{"local_vim_small_wo_search", 27783784, 150528, 748, 4771341312, 5539402752},
        Published{"local_vim_tiny_search", 5473288, 50176, 1328, 1116130304, 1484135424},
        Published{"local_vssm_tiny", 25527160, 0, 302, 5728690176, 5728690176},
        Published{"local_vssm_small", 49748536, 0, 644, 11372946432, 11372946432},
        Published{"local_vssm_tiny_search", 4576656, 0, 317, 2064590848, 2064590848},
        Published{"local_vssm_small_search", 9148512, 0, 677, 3859287040, 3859287040}),
    [](const auto& info) { return info.param.variant; });

TEST(ComplexityTest, LayersAddUpToTheTotalAndCoverAllParameters) {
  LocalVMambaConfig config = std::get<LocalVMambaConfig>(*VariantConfig("local_vssm_tiny"));
  config.out_indices = {1, 3};
  config.scan.attention = AttentionKind::kChannelSpatial;
  const Complexity complexity = *CountComplexity(config, 200, 136);
  int64_t macs = 0;
  int64_t parameters = 0;
  for (const LayerComplexity& layer : complexity.layers) {
    macs += layer.macs;
    parameters += layer.parameters;
  }
  EXPECT_EQ(macs, complexity.total.macs);
  EXPECT_EQ(parameters, (*CreateNetwork(config))->parameters().TrainableElements());
}

// The sizes of reference §1.4 that show the spatial branch is not in the published figures.
TEST(ComplexityTest, TheSpatialBranchAddsItsParameters) {
  const auto millions = [](absl::string_view variant) {
    NetworkConfig config = *VariantConfig(variant);
    std::visit([](auto& family) { family.scan.attention = AttentionKind::kChannelSpatial; },
               config);
    const double elements =
        static_cast<double>((*CreateNetwork(config))->parameters().TrainableElements());
    return elements / 1e6;
  };
  EXPECT_NEAR(millions("local_vim_tiny"), 8.37, 0.005);
  EXPECT_NEAR(millions("local_vim_small"), 29.26, 0.005);
  EXPECT_NEAR(millions("local_vssm_tiny"), 26.83, 0.005);
  EXPECT_NEAR(millions("local_vssm_small"), 52.38, 0.005);
}

TEST(ComplexityTest, RejectsAnImageWithoutACell) {
  const absl::Status status = CountComplexity(*VariantConfig("local_vssm_tiny"), 3, 224).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), testing::HasSubstr("3x224"));
}

}  // namespace
}  // namespace localmamba
