#include "client/cli/chart.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"

namespace localmamba::client {
namespace {

std::vector<std::string> Lines(const std::string& text) { return absl::StrSplit(text, '\n'); }

TEST(ChartTest, ScalesItsAxesToThePoints) {
  const std::string chart =
      DrawChart({{'*', "loss", {{1, 4.0}, {2, 1.0}, {3, 0.5}}}, {'+', "other", {}}}, "epoch");
  const std::vector<std::string> lines = Lines(chart);
  ASSERT_EQ(lines.size(), 16U);
  EXPECT_EQ(lines[0], "            * loss");
  EXPECT_EQ(lines[1].substr(0, 13), "         4 |*");
  EXPECT_EQ(lines[12].substr(0, 12), "       0.5 |");
  EXPECT_EQ(lines[12].back(), '*');
  EXPECT_EQ(lines[14].substr(0, 13), "            1");
  EXPECT_EQ(lines[14].substr(lines[14].size() - 7), "3 epoch");
  for (const std::string& line : lines) EXPECT_LE(line.size(), 72U);
}

TEST(ChartTest, LeavesOutWhatIsNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(DrawChart({{'*', "loss", {{1, 4.0}, {2, nan}}}}, "epoch"), "");
  EXPECT_NE(DrawChart({{'*', "loss", {{1, 4.0}, {2, nan}, {3, 4.0}}}}, "epoch"), "");
}

}  // namespace
}  // namespace localmamba::client
