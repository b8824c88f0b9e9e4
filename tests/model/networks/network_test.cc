#include "model/networks/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/device/stream.h"
#include "model/networks/variants.h"
#include "tests/support/golden.h"
#include "tests/support/golden_network.h"

namespace localmamba {
namespace {

TEST(NetworkTest, ParametersHaveTheOfficialNamesInTheOfficialOrder) {
  int compared = 0;
  for (const nlohmann::json& golden : GoldenCases("model")) {
    if (!golden.contains("param_names")) continue;
    const auto network = *CreateNetwork(GoldenNetworkConfig(golden, VerticalReverse::kExact));
    std::vector<std::string> names;
    for (const Parameter& parameter : network->parameters().parameters()) {
      if (parameter.trainable) names.push_back(parameter.name);
    }
    EXPECT_EQ(names, golden.at("param_names").get<std::vector<std::string>>()) << golden.at("id");
    ++compared;
  }
  EXPECT_GT(compared, 0) << "cases.json has no names";
}

TEST(NetworkTest, TheSpatialBranchHasTheNamesOfTheOfficialComments) {
  NetworkConfig config = *VariantConfig("local_vssm_tiny");
  std::get<LocalVMambaConfig>(config).scan.attention = AttentionKind::kChannelSpatial;
  const auto network = *CreateNetwork(config);
  const std::string prefix = "layers.0.blocks.0.op.multi_scan.attn.";
  ASSERT_NE(network->parameters().Find(prefix + "local_reduce.weight"), nullptr);
  EXPECT_EQ(network->parameters().Find(prefix + "local_reduce.weight")->shape, Shape({24, 192}));
  EXPECT_EQ(network->parameters().Find(prefix + "spatial_select.weight")->shape, Shape({1, 48}));
  EXPECT_EQ(network->parameters().Find(prefix + "spatial_select.bias")->shape, Shape({1}));
}

TEST(NetworkTest, InitialValuesFollowTheOfficialScales) {
  const auto network = *CreateNetwork(*VariantConfig("local_vim_tiny"));
  ParameterSet& parameters = network->parameters();
  // reference §6.1
  EXPECT_NEAR(parameters.Find("layers.0.mixer.out_proj.weight")->init.scale, 0.0114109, 1e-7);
  EXPECT_NEAR(parameters.Find("patch_embed.proj.bias")->init.scale, 0.0360844, 1e-7);
  EXPECT_EQ(parameters.Find("layers.3.mixer.conv1d_2.bias")->init.scale, 0.5);
  const auto vmamba = *CreateNetwork(*VariantConfig("local_vssm_tiny"));
  // reference §6.2
  EXPECT_NEAR(vmamba->parameters().Find("patch_embed.0.weight")->init.scale, 0.1443376, 1e-7);
  EXPECT_NEAR(vmamba->parameters().Find("layers.1.blocks.0.op.conv2d.weight")->init.scale, 1.0 / 3,
              1e-12);
}

TEST(NetworkTest, ForwardWantsPackFirst) {
  const auto heap = *CreateDeviceAllocator(Device::Cpu());
  Stream stream = *Stream::Create(Device::Cpu());
  OpContext context{stream, *heap, DType::kFloat32};
  const Value input(*Tensor::Allocate(*heap, DType::kFloat32, {1, 3, 224, 224}));
  for (const char* variant : {"local_vim_tiny", "local_vssm_tiny"}) {
    const auto network = *CreateNetwork(*VariantConfig(variant));
    EXPECT_EQ(network->Forward(context, input).status().code(),
              absl::StatusCode::kFailedPrecondition);
  }
}

TEST(NetworkTest, AnInvalidConfigurationMakesNoNetwork) {
  LocalVMambaConfig config;
  EXPECT_EQ(CreateNetwork(config).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace localmamba
