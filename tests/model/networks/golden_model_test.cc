// Small networks with deterministic parameters against the outputs of the official code.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "absl/strings/strip.h"
#include "tests/support/golden.h"
#include "tests/support/golden_network.h"
#include "tests/support/source_dir.h"

namespace localmamba {
namespace {

class GoldenModelTest : public testing::TestWithParam<nlohmann::json> {
 protected:
  static int64_t TrainableElements(const NetworkConfig& config) {
    return (*CreateNetwork(config))->parameters().TrainableElements();
  }
};

// Outputs whose name ends in "_official" belong to the official reverse of v and v_flip; without
// such outputs, the network is the same for both.
TEST_P(GoldenModelTest, OutputsAreThoseOfTheOfficialCode) {
  const nlohmann::json& golden = GetParam();
  const std::string path = FindGoldenFile(golden.at("file").get<std::string>());
  if (path.empty()) GTEST_SKIP() << "golden file is not here";
  const GoldenTensors tensors = *LoadGoldenTensors(path);
  const double tolerance = golden.at("tolerance").at("forward").get<double>();

  for (const VerticalReverse reverse : {VerticalReverse::kExact, VerticalReverse::kOfficial}) {
    const NetworkConfig config = GoldenNetworkConfig(golden, reverse);
    EXPECT_EQ(TrainableElements(config), golden.at("parameters").get<int64_t>());
    const std::unique_ptr<Engine> engine = DeterministicEngine(config);
    const EngineOutput output = RunDeterministicInput(*engine, GoldenInputShape(golden));
    for (const auto& [key, shape] : golden.at("outputs").items()) {
      absl::string_view name = key;
      const bool official = absl::ConsumeSuffix(&name, "_official");
      const bool has_official = golden.at("outputs").contains(key + "_official");
      const bool belongs = official ? reverse == VerticalReverse::kOfficial
                                    : reverse == VerticalReverse::kExact || !has_official;
      // Some cases with a non-square grid store the exact outputs only.
      const bool square = golden.at("config").value("square", true);
      if (!belongs || (!square && reverse == VerticalReverse::kOfficial)) continue;
      const Tensor& found = OutputNamed(output, std::string(name));
      EXPECT_EQ(found.shape(), Shape(shape.get<std::vector<int64_t>>())) << key;
      EXPECT_TRUE(MatchesGolden(Elements(found), tensors.at(key), tolerance)) << key;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenModelTest, testing::ValuesIn(GoldenCases("model")),
                         [](const auto& info) {
                           return info.param.at("id").template get<std::string>();
                         });

// Cases A to I of the appendix of the models' reference: values to 7 digits, or a summary of them.
// The absolute tolerances are those given there.
constexpr double kLogitsTolerance = 1e-5;
constexpr double kFeatureTolerance = 5e-5;

std::vector<nlohmann::json> AppendixCases() {
  std::ifstream file(SourceDir() + "/tests/golden/appendix.json");
  return nlohmann::json::parse(file).at("cases").get<std::vector<nlohmann::json>>();
}

class AppendixTest : public testing::TestWithParam<nlohmann::json> {};

void ExpectSummary(absl::Span<const float> found, const nlohmann::json& expected) {
  ASSERT_EQ(found.size(), expected.at("n").get<size_t>());
  const auto first = expected.at("first6").get<std::vector<double>>();
  for (size_t i = 0; i < first.size(); ++i) EXPECT_NEAR(found[i], first[i], kFeatureTolerance);
  double sum = 0;
  double sumsq = 0;
  for (const double value : found) {
    sum += value;
    sumsq += value * value;
  }
  // Errors of single elements add up like a random walk at most ten times over, plus the rounding
  // of the expected number to 7 digits.
  const double walk = 10 * kFeatureTolerance * std::sqrt(static_cast<double>(found.size()));
  EXPECT_NEAR(sum, expected.at("sum").get<double>(), walk);
  EXPECT_NEAR(sumsq, expected.at("sumsq").get<double>(), walk + 1e-4);
}

TEST_P(AppendixTest, OutputsAreThoseOfTheReference) {
  const nlohmann::json& golden = GetParam();
  for (const VerticalReverse reverse : {VerticalReverse::kExact, VerticalReverse::kOfficial}) {
    const auto engine = DeterministicEngine(GoldenNetworkConfig(golden, reverse));
    const EngineOutput output = RunDeterministicInput(*engine, GoldenInputShape(golden));
    for (const auto& [name, values] : golden.at("outputs").items()) {
      const bool official = reverse == VerticalReverse::kOfficial && values.contains("official");
      const nlohmann::json& expected = values.at(official ? "official" : "exact");
      const absl::Span<const float> found = Elements(OutputNamed(output, name));
      if (expected.is_object()) {
        ExpectSummary(found, expected);
        continue;
      }
      ASSERT_EQ(found.size(), expected.size());
      for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_NEAR(found[i], expected[i].get<double>(), kLogitsTolerance) << name << " " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, AppendixTest, testing::ValuesIn(AppendixCases()),
                         [](const auto& info) {
                           return info.param.at("id").template get<std::string>();
                         });

}  // namespace
}  // namespace localmamba
