#include "server/repository/json_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace localmamba {
namespace {

using nlohmann::ordered_json;
using ::testing::HasSubstr;

TEST(JsonLayoutTest, ShortThingsStayOnOneLine) {
  const ordered_json value = {{"a", 1},
                              {"b", {{"c", {1, 2.5, "x\""}}, {"d", ordered_json::object()}}}};
  EXPECT_EQ(LayOutJson(value),
            "{\n  \"a\": 1,\n  \"b\": {\"c\": [1, 2.5, \"x\\\"\"], \"d\": {}}\n}\n");
}

TEST(JsonLayoutTest, LongListsFillLinesOfAHundredColumns) {
  const ordered_json value = {{"n", std::vector<int>(200, 1234)}};
  const std::string text = LayOutJson(value);
  EXPECT_EQ(ordered_json::parse(text), value);
  std::istringstream lines(text);
  size_t longest = 0;
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    longest = std::max(longest, line.size());
  EXPECT_LE(longest, 100U);
  EXPECT_LT(count, 20U);
}

TEST(JsonLayoutTest, LongObjectsTakeALineForEachMember) {
  ordered_json value;
  for (const char* key : {"first", "second", "third"}) value["outer"][key] = std::string(60, 'x');
  EXPECT_THAT(LayOutJson(value), HasSubstr("  \"outer\": {\n    \"first\": \"xxx"));
}

}  // namespace
}  // namespace localmamba
