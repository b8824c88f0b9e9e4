#include "model/training/parameter_groups.h"

#include <gtest/gtest.h>

#include "model/networks/network.h"
#include "model/networks/variants.h"
#include "tests/support/golden.h"
#include "tests/support/golden_network.h"

namespace localmamba {
namespace {

struct Group {
  int64_t tensors = 0;
  int64_t elements = 0;
  friend bool operator==(const Group&, const Group&) = default;
};

Group CountGroup(const Network& network, bool decays) {
  Group group;
  for (const Parameter& parameter : network.parameters().parameters()) {
    if (!parameter.trainable || HasWeightDecay(parameter) != decays) continue;
    ++group.tensors;
    group.elements += parameter.shape.elements();
  }
  return group;
}

// Counts of reference §7.2.
TEST(ParameterGroupsTest, HaveTheSizesOfTheOfficialTrainer) {
  const auto vim = *CreateNetwork(*VariantConfig("local_vim_tiny"));
  EXPECT_EQ(CountGroup(*vim, false), (Group{344, 159'016}));
  EXPECT_EQ(CountGroup(*vim, true), (Group{402, 7'835'136}));
  const auto vssm = *CreateNetwork(*VariantConfig("local_vssm_tiny"));
  EXPECT_EQ(CountGroup(*vssm, false), (Group{162, 132'088}));
  EXPECT_EQ(CountGroup(*vssm, true), (Group{140, 25'395'072}));
}

TEST(ParameterGroupsTest, AgreeWithTheGoldenLists) {
  int compared = 0;
  for (const nlohmann::json& golden : GoldenCases("model")) {
    if (!golden.contains("no_decay")) continue;
    const auto network = *CreateNetwork(GoldenNetworkConfig(golden, VerticalReverse::kExact));
    std::vector<std::string> names;
    for (const Parameter& parameter : network->parameters().parameters()) {
      if (parameter.trainable && !HasWeightDecay(parameter)) names.push_back(parameter.name);
    }
    EXPECT_EQ(names, golden.at("no_decay").get<std::vector<std::string>>()) << golden.at("id");
    ++compared;
  }
  EXPECT_GT(compared, 0) << "cases.json has no lists";
}

}  // namespace
}  // namespace localmamba
