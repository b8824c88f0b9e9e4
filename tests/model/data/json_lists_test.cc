#include "model/data/json_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace localmamba {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Collected {
  absl::Status status;
  std::vector<std::string> a, b;  // entries of the two lists, as text
};

Collected Collect(absl::string_view text) {
  Collected result;
  const auto to_a = [&](const json& entry) {
    result.a.push_back(entry.dump());
    return absl::OkStatus();
  };
  const auto to_b = [&](const json& entry) -> absl::Status {
    if (entry.contains("bad")) return absl::InvalidArgumentError("is bad");
    result.b.push_back(entry.dump());
    return absl::OkStatus();
  };
  result.status = VisitJsonLists(text, {{"a", to_a}, {"b", to_b}});
  return result;
}

TEST(JsonListsTest, VisitsEntriesInOrderAndPassesOverTheRest) {
  const Collected found = Collect(R"({
      "info": {"a": [{"x": 1}], "deep": [[1], {"b": []}]}, "version": 3, "names": ["a", "b"],
      "b": [{"x": {"a": [1, {"y": []}]}}, {}, {"bbox": [1, 2.5]}],
      "licenses": [{"a": 1}, 2], "last": null,
      "a": [{"id": 1}, {"id": 2}]})");
  ASSERT_TRUE(found.status.ok()) << found.status;
  EXPECT_THAT(found.a, ElementsAre(R"({"id":1})", R"({"id":2})"));
  EXPECT_THAT(found.b, ElementsAre(R"({"x":{"a":[1,{"y":[]}]}})", "{}", R"({"bbox":[1,2.5]})"));
}

TEST(JsonListsTest, VisitsADocumentThatIsAList) {
  std::vector<std::string> entries;
  const auto collect = [&](const json& entry) {
    entries.push_back(entry.dump());
    return absl::OkStatus();
  };
  ASSERT_TRUE(VisitJsonList(R"([{"a": [{}, [1]]}, {"b": {"c": 1}}])", {"list", collect}).ok());
  EXPECT_THAT(entries, ElementsAre(R"({"a":[{},[1]]})", R"({"b":{"c":1}})"));
  EXPECT_THAT(std::string(VisitJsonList("{}", {"list", collect}).message()),
              HasSubstr("\"list\" is missing or not a list"));
}

TEST(JsonListsTest, NamesWhatIsWrong) {
  const auto message = [](absl::string_view text) {
    const absl::Status status = Collect(text).status;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message("{\"a\": [],\n \"b\": [}"), HasSubstr("line 2"));
  EXPECT_THAT(message("{\"a\": [{\"x\": \"\xff\"}]}"), HasSubstr("is not JSON"));
  EXPECT_THAT(message("3"), HasSubstr("\"document\" is missing or not an object"));
  EXPECT_THAT(message(R"({"a": []})"), HasSubstr("\"b\" is missing or not a list"));
  EXPECT_THAT(message(R"({"a": {}, "b": []})"), HasSubstr("\"a\" is missing or not a list"));
  EXPECT_THAT(message(R"({"a": [], "b": [], "a": []})"), HasSubstr("\"a\" occurs twice"));
  EXPECT_THAT(message(R"({"a": [{}, []], "b": []})"), HasSubstr("\"a[1]\" is missing or not an"));
  EXPECT_THAT(message(R"({"a": [7], "b": []})"), HasSubstr("\"a[0]\" is missing or not an"));
  EXPECT_THAT(message(R"({"a": [], "b": [{}, {"bad": 1}, {"bad": 2}]})"),
              HasSubstr("b[1]: is bad"));
}

}  // namespace
}  // namespace localmamba
