#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "tests/tool/run_tool.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;

using ScanOrderTest = ToolTest;

TEST_F(ScanOrderTest, PrintsOrderPaddingAndDistances) {
  const ToolResult result = Run("scan-order --height 2 --width 3 --direction w2");
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const nlohmann::json report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report.at("length"), 8);
  EXPECT_EQ(report.at("padding"), 2);
  EXPECT_THAT(report.at("order").get<std::vector<int>>(), ElementsAre(0, 1, 3, 4, 2, -1, 5, -1));
  // Edges: 0-1 and 3-4 at 1, 0-3 and 1-4 at 2, 1-2 and 4-5 at 3, 2-5 at 2.
  EXPECT_EQ(report.at("neighbours_4").at("pairs"), 7);
  EXPECT_EQ(report.at("neighbours_4").at("max_distance"), 3);
  EXPECT_DOUBLE_EQ(report.at("neighbours_4").at("mean_distance").get<double>(), 14.0 / 7);
  EXPECT_EQ(report.at("neighbours_8").at("pairs"), 11);
}

TEST_F(ScanOrderTest, BadFlagsAreNamed) {
  ExpectError("scan-order --height 2 --width 3", 2, "--direction");
  ExpectError("scan-order --height 0 --width 3 --direction h", 2, "--height");
  ExpectError("scan-order --height 2 --width x --direction h", 2, "--width");
  ExpectError("scan-order --height 2 --width 3 --direction d3", 2, "d3");
  ExpectError("scan-order --height 2 --width 3 --direction w99999", 2, "window is 99999");
}

}  // namespace
}  // namespace localmamba
