// evaluate of detectors. tests/tool/coco_tools_test.py compares its numbers with pycocotools'.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/support/images.h"
#include "tests/tool/run_tool.h"

namespace localmamba {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSpec[] = R"({
  "task": "TASK_DETECTION",
  "local_vmamba": {
    "scan": {"layers": [{"directions": ["h", "v"]}, {"directions": ["w2", "h_flip"]}]},
    "dims": [8, 16], "depths": [1, 1], "num_classes": 0, "out_indices": [0, 1]
  },
  "detection": {"num_classes": 2, "channels": 8, "box_fc_width": 16, "mask_convs": 1,
                "max_proposals": 20, "score_threshold": 0.1, "max_detections": 7},
  "preprocess": {"keep_ratio": {"long_side": 96, "short_side": 64}}
})";

class EvaluateDetectorTest : public ToolTest {
 protected:
  void SetUp() override {
    ToolTest::SetUp();
    int height = 60;
    for (const char* name : {"a.png", "b.png", "c.png"}) {
      const Bytes bytes = EncodePng(MakeImage(height, 90));
      (void)Write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      truth_["images"].push_back(
          {{"id", height}, {"file_name", name}, {"height", height}, {"width", 90}});
      height += 20;
    }
    truth_["categories"] = {{{"id", 5}, {"name", "dog"}}, {{"id", 3}, {"name", "cat"}}};
    truth_["annotations"] = json::array();
  }

  void MakeModel(const std::string& flags = "") {
    const ToolResult init =
        Run(absl::StrCat("init --spec ", Write("spec.json", kSpec), " --out ", Path("m"), flags));
    ASSERT_EQ(init.exit_status, 0) << init.err;
  }
  std::string Command() {
    return absl::StrCat("evaluate ", Path("m"), " --data ", Path("."), " --annotations ",
                        Write("instances.json", truth_.dump()), " ");
  }
  json Evaluate(const std::string& flags = "") {
    const ToolResult result = Run(absl::StrCat(Command(), flags, " --json"));
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return json::parse(result.out);
  }
  json ReadJson(const std::string& name) {
    std::ifstream file(Path(name));
    return json::parse(file);
  }

  json truth_;
};

TEST_F(EvaluateDetectorTest, FindsAllIfTheTruthIsWhatItFinds) {
  MakeModel();
  EXPECT_EQ(Evaluate("--results " + Path("found")).at("box").at("ap"), -1);  // nothing to find
  const json boxes = ReadJson("found.bbox.json");
  const json masks = ReadJson("found.segm.json");
  ASSERT_EQ(boxes.size(), 21U);
  ASSERT_EQ(masks.size(), 21U);
  for (size_t i = 0; i < boxes.size(); ++i) {
    json object = boxes[i];
    object.update(masks[i]);
    object["area"] = 5000;
    truth_["annotations"].push_back(object);
  }
  const json report = Evaluate();
  EXPECT_EQ(report.at("images"), 3);
  EXPECT_EQ(report.at("objects"), 21);
  EXPECT_EQ(report.at("detections"), 21);
  EXPECT_NEAR(report.at("box").at("ap"), 1, 1e-9);
  EXPECT_NEAR(report.at("box").at("ar_100"), 1, 1e-9);
  EXPECT_NEAR(report.at("box").at("ap_medium"), 1, 1e-9);
  EXPECT_EQ(report.at("box").at("ap_large"), -1);
  EXPECT_NEAR(report.at("mask").at("ap50"), 1, 1e-9);
  EXPECT_EQ(report.at("categories").at(0).at("name"), "cat");
  const ToolResult table = Run(Command());
  EXPECT_THAT(table.out, HasSubstr("mask   1.0000"));
  EXPECT_THAT(table.out, HasSubstr("images 3  unreadable 0  objects 21  detections 21"));
}

TEST_F(EvaluateDetectorTest, MatchesCategoriesByNameOrByTheOrderOfTheFile) {
  MakeModel(" --version 1");
  const std::string results = "--results " + Path("found");
  (void)Evaluate(results);
  const json by_order = ReadJson("found.bbox.json");
  MakeModel(" --version 2 --labels " + Write("labels.json", R"({"labels": ["cat", "dog"]})"));
  (void)Evaluate(results);
  const json by_name = ReadJson("found.bbox.json");
  ASSERT_EQ(by_order.size(), by_name.size());
  for (size_t i = 0; i < by_name.size(); ++i) {
    EXPECT_EQ(by_order[i].at("category_id").get<int>() + by_name[i].at("category_id").get<int>(),
              8);
  }
  truth_["categories"].push_back({{"id", 6}, {"name", "emu"}});
  ExpectError(Command(), 2, "--annotations: has the category \"emu\"");
  ExpectError(Command() + " --version 1", 2, "3 categories, wanted the 2 classes of model \"m\"");
}

TEST_F(EvaluateDetectorTest, LeavesOutMasksOfObjectsWithoutAndImagesBeyondTheLimit) {
  MakeModel();
  truth_["annotations"] = {
      {{"image_id", 60}, {"category_id", 5}, {"bbox", {1, 2, 30, 30}}, {"area", 900}}};
  const json report = Evaluate();
  EXPECT_FALSE(report.contains("mask"));
  EXPECT_GE(report.at("box").at("ap"), 0);
  EXPECT_THAT(Run(Command()).out, HasSubstr("no numbers of masks"));
  EXPECT_EQ(Evaluate("--limit 2").at("images"), 2);
}

TEST_F(EvaluateDetectorTest, CountsUnreadableImagesAndNamesThoseOfAnotherSize) {
  MakeModel();
  (void)Write("b.png", "no image");
  const json report = Evaluate("--max-unreadable-share 0.5");
  EXPECT_EQ(report.at("images"), 2);
  EXPECT_EQ(report.at("unreadable"), 1);
  ExpectError(Command(), 2, "b.png: image: begins with");
  truth_["images"][0]["width"] = 91;
  ExpectError(Command() + "--max-unreadable-share 0.5", 2,
              "a.png: 90x60 pixels, the annotations say 91x60");
}

TEST_F(EvaluateDetectorTest, NamesWhatIsWrong) {
  MakeModel();
  ExpectError("evaluate --model " + Path("m") + " --data " + Path("."), 2, "--annotations");
  ExpectError(Command() + "--part val", 2, "--part");
  ExpectError(Command() + "--mode slide", 2, "--mode is for segmenters");
  truth_["images"].push_back({{"id", 1}, {"file_name", "x.png"}, {"height", 2}, {"width", 2}});
  ExpectError(Command(), 2, "instances.json: 1 of 4 images are missing: x.png");
  truth_["categories"][0].erase("id");
  ExpectError(Command(), 2, "instances.json: categories[0]: \"id\" is missing");
}

}  // namespace
}  // namespace localmamba
