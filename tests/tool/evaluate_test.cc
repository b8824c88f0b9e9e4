#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/support/tiny_image_folder.h"
#include "tests/tool/run_tool.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

class EvaluateTest : public ToolTest {
 protected:
  void SetUp() override {
    ToolTest::SetUp();
    WriteTinyImageFolder(Path("data"), /*train_images=*/0, /*val_images=*/5);
  }

  // A seeded model of five classes with these names.
  void MakeModel(const std::string& names) {
    const std::string spec = Write("spec.json", SmallSpec());
    const std::string labels = Write("labels.json", absl::StrCat(R"({"labels": [)", names, "]}"));
    ASSERT_EQ(
        Run(absl::StrCat("init --spec ", spec, " --labels ", labels, " --out ", Path("model")))
            .exit_status,
        0);
  }
};

TEST_F(EvaluateTest, PrintsAccuracyOverAllImages) {
  MakeModel(R"("other", "c3", "c2", "c1", "c0")");
  const ToolResult result = Run(absl::StrCat("evaluate ", Path("model"), " --data ", Path("data"),
                                             " --part val --batch 8 --json"));
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const auto report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report.at("images").get<int>(), 20);
  EXPECT_EQ(report.at("unreadable").get<int>(), 0);
  EXPECT_GE(report.at("top1").get<double>(), 0.0);
  EXPECT_EQ(report.at("top5").get<double>(), 1.0);  // of five classes
  EXPECT_GT(report.at("loss").get<double>(), 0.0);
}

TEST_F(EvaluateTest, CountsUnreadableImagesUpToTheAllowedShare) {
  MakeModel(R"("c0", "c1", "c2", "c3", "other")");
  std::ofstream(Path("data/val/c0/0.png")) << "no image";
  const std::string command =
      absl::StrCat("evaluate ", Path("model"), " --data ", Path("data"), " --part val ");
  const ToolResult result = Run(command + "--max-unreadable-share 0.1");
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("images 19  unreadable 1"));
  ExpectError(command, 2, "unreadable");
}

TEST_F(EvaluateTest, SamplesImagesOfAllClasses) {
  MakeModel(R"("other", "c3", "c2", "c1", "c0")");
  const std::string command =
      absl::StrCat("evaluate ", Path("model"), " --data ", Path("data"), " --limit 4 ");
  EXPECT_THAT(Run(command).out, HasSubstr("images 4 "));
  std::ofstream(Path("data/val/c3/0.png")) << "no image";
  ExpectError(command, 2, "c3/0.png");
}

TEST_F(EvaluateTest, NamesAClassThatTheModelLacks) {
  MakeModel(R"("c0", "c1", "c2", "d", "other")");
  ExpectError(absl::StrCat("evaluate ", Path("model"), " --data ", Path("data")), 2,
              "has the class \"c3\"");
}

TEST_F(EvaluateTest, NamesAPartThatTheDataLacks) {
  MakeModel(R"("c0", "c1", "c2", "c3", "other")");
  ExpectError(absl::StrCat("evaluate ", Path("model"), " --data ", Path("data"), " --part test"), 2,
              "test");
}

}  // namespace
}  // namespace localmamba
