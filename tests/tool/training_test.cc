// directions and bench-training.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/tool/run_tool.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class DirectionsTest : public ToolTest {
 protected:
  // The directions of the layers in what the command prints.
  std::vector<std::vector<std::string>> Layers(const std::string& arguments) {
    const ToolResult result =
        Run(absl::StrCat("directions --spec ", Write("spec.json", SmallSpec()), " ", arguments));
    EXPECT_EQ(result.exit_status, 0) << result.err;
    std::vector<std::vector<std::string>> layers;
    const auto spec = nlohmann::json::parse(result.out);
    for (const auto& layer : spec.at("local_vim").at("scan").at("layers")) {
      layers.push_back(layer.at("directions").get<std::vector<std::string>>());
    }
    return layers;
  }
};

TEST_F(DirectionsTest, FixedOnesAreThoseOfEveryLayer) {
  EXPECT_THAT(Layers("--fixed h,h_flip"),
              ElementsAre(ElementsAre("h", "h_flip"), ElementsAre("h", "h_flip")));
}

TEST_F(DirectionsTest, RandomOnesDependOnTheSeed) {
  const auto layers = Layers("--random 4 --seed 1");
  ASSERT_THAT(layers, ElementsAre(SizeIs(4), SizeIs(4)));
  EXPECT_EQ(Layers("--random 4 --seed 1"), layers);
  EXPECT_NE(Layers("--random 4 --seed 2"), layers);
  EXPECT_THAT(Layers("--random 2 --candidates w3,w5"),
              ElementsAre(ElementsAre("w3", "w5"), ElementsAre("w3", "w5")));
}

TEST_F(DirectionsTest, NamesWhatCannotBe) {
  const std::string command =
      absl::StrCat("directions --spec ", Write("spec.json", SmallSpec()), " ");
  ExpectError(command + "--fixed h,x", 2, "--fixed");
  ExpectError(command + "--random 3 --candidates h,v", 2, "directions_per_layer is 3");
}

using BenchTrainingTest = ToolTest;

TEST_F(BenchTrainingTest, MeasuresStepsOfAModelWithoutWeights) {
  const ToolResult result =
      Run(absl::StrCat("bench-training --spec ", Write("spec.json", SmallSpec()),
                       " --device cpu --batch 2 --seconds 0 --json"));
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const auto report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report.at(0).at("steps").get<int>(), 1);
  EXPECT_GT(report.at(0).at("images_per_second").get<double>(), 0);
}

}  // namespace
}  // namespace localmamba
