#include "model/search/direction_probabilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/networks/network.h"
#include "model/search/supernet.h"

namespace localmamba {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

std::vector<std::string> Names(const LayerDirections& directions) {
  std::vector<std::string> names;
  for (const ScanDirection& direction : directions) names.push_back(direction.ToString());
  return names;
}

// alpha = log(p) gives softmax(alpha) = p.
std::vector<float> Logarithms(const std::vector<double>& probabilities) {
  std::vector<float> alpha;
  for (const double p : probabilities) alpha.push_back(static_cast<float>(std::log(p) + 3));
  return alpha;
}

TEST(DirectionProbabilitiesTest, EntropyAndMarginFollowFromTheSoftmax) {
  const auto found =
      ComputeDirectionProbabilities(Logarithms({0.125, 0.5, 0.25, 0.125}), /*chosen=*/2);
  EXPECT_THAT(found.probability, ElementsAre(DoubleNear(0.125, 1e-6), DoubleNear(0.5, 1e-6),
                                             DoubleNear(0.25, 1e-6), DoubleNear(0.125, 1e-6)));
  EXPECT_NEAR(found.entropy, 1.75 * std::log(2.0), 1e-6);
  EXPECT_NEAR(found.margin, 0.125, 1e-6);
}

TEST(DirectionProbabilitiesTest, TheMarginOfChoosingAllIsTheLeastProbability) {
  EXPECT_NEAR(ComputeDirectionProbabilities(Logarithms({0.25, 0.75}), 2).margin, 0.25, 1e-6);
}

TEST(DirectionProbabilitiesTest, SelectionIsInCandidateOrder) {
  const std::vector<double> p = {0.05, 0.2, 0.05, 0.1, 0.15, 0.05, 0.1, 0.3};
  EXPECT_THAT(Names(SelectDirections(OfficialCandidates(), p, 4)),
              ElementsAre("h_flip", "v_flip", "w2", "w7_flip"));
}

TEST(DirectionProbabilitiesTest, EveryLayerOfASupernetHasWeights) {
  LocalVMambaConfig target;
  target.dims = {8, 16};
  target.depths = {1, 2};
  target.scan.directions.assign(3, {OfficialCandidates()[0]});
  const auto network = *CreateNetwork(*MakeSupernet(target, SearchConfig()));
  int layers = 0;
  for (const Parameter& parameter : network->parameters().parameters()) {
    if (!IsDirectionWeights(parameter.name)) continue;
    EXPECT_EQ(parameter.shape, Shape({8, 1, 1, 1}));
    ++layers;
  }
  EXPECT_EQ(layers, 3);
}

}  // namespace
}  // namespace localmamba
