#include "model/vision/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/vision/imagenet_labels.h"
#include "tests/support/source_dir.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(LabelsTest, ReadsNamesInOrder) {
  const auto labels =
      ParseLabels(R"({"labels": ["crane", "\u00e9pagneul breton", "crane"]})", "labels.json", 3);
  ASSERT_TRUE(labels.ok()) << labels.status();
  EXPECT_THAT(*labels, ElementsAre("crane", "\xC3\xA9pagneul breton", "crane"));
}

TEST(LabelsTest, ReadsWhatItWrites) {
  const std::vector<absl::string_view> labels = {"a \"quoted\" name", "\xC3\xA9"};
  const auto read = ParseLabels(FormatLabels(labels), "labels.json", 2);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(*read, ElementsAre("a \"quoted\" name", "\xC3\xA9"));
}

TEST(LabelsTest, ImageNetNamesAreTheFileInTheSourceTree) {
  const auto file = ReadLabels(SourceDir() + "/model/vision/data/imagenet1k_labels.json", 1000);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto built_in = ImageNetLabels();
  ASSERT_EQ(built_in.size(), 1000);
  for (size_t i = 0; i < 1000; ++i) EXPECT_EQ(built_in[i], (*file)[i]) << i;
  EXPECT_EQ(built_in[0], "tench");
  EXPECT_EQ(built_in[207], "golden retriever");
  EXPECT_EQ(built_in[999], "toilet tissue");
}

TEST(LabelsTest, MissingFileIsNotFound) {
  const auto labels = ReadLabels("/no/such/labels.json", 3);
  EXPECT_EQ(labels.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(labels.status().message(), HasSubstr("/no/such/labels.json: cannot be read"));
}

TEST(LabelsTest, AFolderCannotBeRead) {
  const auto labels = ReadLabels("/tmp", 3);
  EXPECT_EQ(labels.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(labels.status().message(), HasSubstr("/tmp: cannot be read"));
}

struct BadLabels {
  std::string name;
  std::string json;
  std::string message;
};

class BadLabelsTest : public ::testing::TestWithParam<BadLabels> {};

TEST_P(BadLabelsTest, IsRefused) {
  const auto labels = ParseLabels(GetParam().json, "m/1/labels.json", 2);
  EXPECT_EQ(labels.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(labels.status().message(), HasSubstr("m/1/labels.json: " + GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadLabelsTest,
    ::testing::Values(
        BadLabels{"Empty", "", "not valid JSON"},
        BadLabels{"Truncated", R"({"labels": ["a", "b")", "not valid JSON"},
        BadLabels{"NotUtf8", "{\"labels\": [\"a\", \"\xFF\"]}", "not valid JSON in UTF-8"},
        BadLabels{"NotAnObject", R"(["a", "b"])", "holds a JSON array, wanted an object"},
        BadLabels{"NoLabels", "{}", "field \"labels\" is missing"},
        BadLabels{"UnknownField", R"({"labels": ["a", "b"], "classes": 2})",
                  "unknown field \"classes\""},
        BadLabels{"NotAnArray", R"({"labels": "ab"})", "\"labels\" is a JSON string"},
        BadLabels{"NotAString", R"({"labels": ["a", 2]})", "labels[1] is a JSON number"},
        BadLabels{"EmptyName", R"({"labels": ["", "b"]})", "labels[0] is empty"},
        BadLabels{"TooFew", R"({"labels": ["a"]})", "1 labels, wanted one for each of 2 classes"},
        BadLabels{"TooMany", R"({"labels": ["a", "b", "c"]})", "3 labels, wanted"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
