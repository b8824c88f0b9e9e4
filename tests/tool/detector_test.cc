// init, inspect and forward of detectors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/weights/safetensors.h"
#include "tests/support/golden.h"
#include "tests/tool/run_tool.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

// A detector of a few thousand parameters.
constexpr char kSpec[] = R"({
  "task": "TASK_DETECTION",
  "local_vmamba": {
    "scan": {"layers": [{"directions": ["h", "v"]}, {"directions": ["w2", "h_flip"]}]},
    "dims": [8, 16], "depths": [1, 1], "num_classes": 0, "out_indices": [0, 1]
  },
  "detection": {"num_classes": 3, "channels": 8, "box_fc_width": 16, "mask_convs": 1,
                "max_proposals": 20, "score_threshold": 0.1, "max_detections": 7},
  "preprocess": {"keep_ratio": {"long_side": 96, "short_side": 64}}
})";

class DetectorTest : public ToolTest {
 protected:
  std::string Model() {
    const ToolResult init =
        Run(absl::StrCat("init --spec ", Write("spec.json", kSpec), " --out ", Path("m")));
    EXPECT_EQ(init.exit_status, 0) << init.err;
    return Path("m");
  }
};

TEST_F(DetectorTest, ForwardWritesEveryStageAndTheObjects) {
  const ToolResult forward = Run(
      absl::StrCat("forward --model ", Model(), " --image ", FindGoldenFile("image_a.png", "heads"),
                   " --output ", Path("stages.safetensors"), " --objects ", Path("objects.json")));
  ASSERT_EQ(forward.exit_status, 0) << forward.err;
  const auto file = ReadSafetensors(Path("stages.safetensors"));
  ASSERT_TRUE(file.ok()) << file.status();
  // 200 x 148 pixels become 86 x 64, padded to 96 x 64.
  EXPECT_EQ(file->tensors.at("input").shape(), (Shape{3, 64, 96}));
  EXPECT_EQ(file->tensors.at("backbone.1").shape(), (Shape{16, 8, 12}));
  EXPECT_EQ(file->tensors.at("fpn.2").shape(), (Shape{8, 4, 6}));
  EXPECT_EQ(file->tensors.at("rpn_cls.0").shape(), (Shape{3, 16, 24}));
  EXPECT_EQ(file->tensors.at("rpn_reg.2").shape(), (Shape{12, 4, 6}));
  const int64_t proposals = file->tensors.at("proposals.scores").dim(0);
  EXPECT_EQ(file->tensors.at("box_head.logits").shape(), (Shape{proposals, 4}));
  EXPECT_EQ(file->tensors.at("box_head.deltas").shape(), (Shape{proposals, 12}));
  const int64_t count = file->tensors.at("detections.labels").dim(0);
  EXPECT_EQ(count, 7);  // untrained, it is unsure of everything
  EXPECT_EQ(file->tensors.at("detections.boxes").shape(), (Shape{count, 4}));
  EXPECT_EQ(file->tensors.at("detections.mask_logits").shape(), (Shape{count, 28, 28}));
  std::ifstream objects(Path("objects.json"));
  const nlohmann::json records = nlohmann::json::parse(objects);
  ASSERT_EQ(records.size(), 7U);
  EXPECT_EQ(records[0].at("segmentation").at("size"), nlohmann::json({148, 200}));
  EXPECT_THAT(forward.out, HasSubstr("7 objects; detector "));
}

TEST_F(DetectorTest, InspectCountsThePartsOfAVariant) {
  const ToolResult init = Run(absl::StrCat(
      "init --variant mask_rcnn_local_vssm_tiny_fpn_coco --dtype f16 --out ", Path("d1")));
  ASSERT_EQ(init.exit_status, 0) << init.err;
  std::ifstream labels(Path("d1/1/labels.json"));
  EXPECT_EQ(nlohmann::json::parse(labels).at("labels").at(0), "person");
  const ToolResult inspect = Run(absl::StrCat("inspect --json --model ", Path("d1")));
  ASSERT_EQ(inspect.exit_status, 0) << inspect.err;
  const nlohmann::json report = nlohmann::json::parse(inspect.out);
  EXPECT_EQ(report.at("classes"), 80);
  EXPECT_EQ(report.at("image_height"), 800);
  EXPECT_EQ(report.at("image_width"), 1344);
  const nlohmann::json& layers = report.at("layers");
  EXPECT_EQ(layers[1].at("name"), "backbone.layers.0.blocks.0");
  EXPECT_TRUE(layers[1].contains("directions"));
  EXPECT_EQ(layers[layers.size() - 4].at("name"), "neck");
  EXPECT_EQ(layers[layers.size() - 4].at("parameters"), 2729984);
  EXPECT_EQ(layers.back().at("name"), "roi_head.mask_head");
}

TEST_F(DetectorTest, BenchMeasuresTheWholeDetector) {
  const ToolResult bench =
      Run(absl::StrCat("bench ", Model(), " --batch 1,2 --seconds 0 --json --profile"));
  ASSERT_EQ(bench.exit_status, 0) << bench.err;
  const nlohmann::json report = nlohmann::json::parse(bench.out);
  ASSERT_EQ(report.size(), 2U);
  EXPECT_EQ(report[1].at("batch"), 2);
  EXPECT_EQ(report[1].at("height"), 64);  // the largest that images are resized to
  EXPECT_EQ(report[1].at("width"), 96);
  EXPECT_EQ(report[1].at("detections_per_image"), 7);
  EXPECT_GT(report[1].at("tflops_per_second"), 0);
  EXPECT_GT(report[1].at("peak_activation_bytes"), 0);
  EXPECT_THAT(bench.out, HasSubstr("roi_align"));
}

TEST_F(DetectorTest, NamesWhatIsWrong) {
  const std::string model = Model();
  const std::string output = " --output " + Path("y");
  ExpectError("forward --model " + model + " --input " + Path("x") + output, 2,
              "--input: the model is a detector, which takes --image");
  ExpectError("forward --model " + model + output, 2, "input");
  ExpectError("forward --model " + model + " --image " + Path("none.png") + output, 2, "none.png");
  ExpectError("forward --model " + model + " --image " + Write("x.png", "text") + output, 2,
              "x.png: ");
  ExpectError("init --variant mask_rcnn --out " + Path("n"), 2,
              "mask_rcnn_local_vssm_tiny_fpn_coco");
  const std::string small = Write("small.json", SmallSpec());
  ASSERT_EQ(Run("init --spec " + small + " --out " + Path("c")).exit_status, 0);
  ExpectError("forward --model " + Path("c") + " --image " + Path("x") + output, 2,
              "--image is for detectors and segmenters");
}

}  // namespace
}  // namespace localmamba
