#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/networks/variants.h"
#include "server/repository/model_spec.h"
#include "tests/tool/run_tool.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

class InspectTest : public ToolTest {
 protected:
  // A model folder without weights, which inspect does not need.
  [[nodiscard]] std::string Variant(const std::string& name) const {
    std::filesystem::create_directories(Path(name));
    ModelSpec spec;
    spec.network = *VariantConfig(name);
    EXPECT_TRUE(WriteModelSpec(spec, Path(name + "/model.json")).ok());
    return Path(name);
  }
};

TEST_F(InspectTest, ReportsThePublishedCounts) {
  const ToolResult result =
      Run(absl::StrCat("inspect --json --model ", Variant("local_vssm_tiny")));
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const nlohmann::json report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report.at("family"), "LocalVMamba");
  EXPECT_EQ(report.at("total").at("parameters"), 25527160);
  EXPECT_EQ(report.at("total").at("official_macs"), 5728690176);
  int layers_with_directions = 0;
  for (const nlohmann::json& layer : report.at("layers")) {
    layers_with_directions += layer.contains("directions") ? 1 : 0;
  }
  EXPECT_EQ(layers_with_directions, 15);
}

TEST_F(InspectTest, PrintsATableWithTheDirectionsOfEachLayer) {
  const ToolResult result = Run(absl::StrCat("inspect --model ", Variant("local_vim_tiny")));
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("7994152"));
  EXPECT_THAT(result.out, HasSubstr("1481765376"));
  EXPECT_THAT(result.out, HasSubstr("1755204096"));
  EXPECT_THAT(result.out, HasSubstr("h v_flip w7 w7_flip"));
}

TEST_F(InspectTest, CountsForTheAskedSize) {
  const std::string model = Variant("local_vim_tiny");
  const auto macs = [&](const std::string& flags) {
    const ToolResult result = Run(absl::StrCat("inspect --json --model ", model, flags));
    return nlohmann::json::parse(result.out).at("total").at("macs").get<int64_t>();
  };
  EXPECT_GT(macs(" --height 448 --width 448"), 3 * macs(""));
}

TEST_F(InspectTest, BadFlagsAreNamed) {
  ExpectError("inspect", 2, "--model");
  ExpectError("inspect --model /no/such", 2, "/no/such");
  ExpectError("inspect --height 0 --model x", 2, "--height");
}

}  // namespace
}  // namespace localmamba
