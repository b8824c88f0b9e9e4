#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/weights/safetensors.h"
#include "nlohmann/json.hpp"
#include "tests/support/images.h"
#include "tests/tool/run_tool.h"

namespace localmamba {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kSpec[] = R"({
  "task": "TASK_SEGMENTATION",
  "local_vmamba": {
    "scan": {"layers": [{"directions": ["h", "v"]}, {"directions": ["w2", "h_flip"]}]},
    "dims": [8, 16], "depths": [1, 1], "num_classes": 0, "out_indices": [0, 1]
  },
  "segmentation": {"num_classes": 4, "channels": 8},
  "preprocess": {"keep_ratio": {"long_side": 96, "short_side": 64, "pad_divisor": 1}}
})";

class EvaluateSegmenterTest : public ToolTest {
 protected:
  void SetUp() override {
    ToolTest::SetUp();
    const ToolResult init =
        Run(absl::StrCat("init --spec ", Write("spec.json", kSpec), " --out ", Path("m")));
    ASSERT_EQ(init.exit_status, 0) << init.err;
    for (const char* kind : {"images", "annotations"}) {
      std::filesystem::create_directories(Path(absl::StrCat("data/", kind, "/val")));
    }
    AddImage("a", 50, 80);
    AddImage("b", 70, 60);
  }

  void WritePng(const std::string& name, const TestImage& image) {
    const Bytes bytes = EncodePng(image);
    (void)Write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  // An image and the labels that the model gives its pixels, plus `add`.
  void AddImage(const std::string& name, int height, int width, int add = 0) {
    const std::string image = absl::StrCat("data/images/val/", name, ".png");
    WritePng(image, MakeImage(height, width));
    const ToolResult forward = Run(absl::StrCat("forward ", Path("m"), " --image ", Path(image),
                                                " --output ", Path("stages")));
    ASSERT_EQ(forward.exit_status, 0) << forward.err;
    const auto stages = ReadSafetensors(Path("stages"));
    ASSERT_TRUE(stages.ok()) << stages.status();
    const Tensor& found = stages->tensors.at("labels");
    TestImage labels{.height = height, .width = width, .channels = 1, .pixels = {}};
    for (int64_t i = 0; i < found.elements(); ++i) {
      labels.pixels.push_back(static_cast<uint8_t>(found.data<int32_t>()[i] + add));
    }
    WriteLabels(name, labels);
  }
  void WriteLabels(const std::string& name, const TestImage& labels) {
    WritePng(absl::StrCat("data/annotations/val/", name, ".png"), labels);
  }

  std::string Command() {
    return absl::StrCat("evaluate ", Path("m"), " --data ", Path("data"), " ");
  }
  json Evaluate(const std::string& flags = "") {
    const ToolResult result = Run(absl::StrCat(Command(), flags, " --json"));
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return json::parse(result.out);
  }
};

TEST_F(EvaluateSegmenterTest, IsRightIfTheLabelsAreWhatItFinds) {
  const json report = Evaluate();
  EXPECT_EQ(report.at("images"), 2);
  EXPECT_EQ(report.at("mode"), "whole");
  EXPECT_EQ(report.at("pixel_accuracy"), 1);
  EXPECT_EQ(report.at("mean_iou"), 1);
  EXPECT_EQ(report.at("mean_accuracy"), 1);
  ASSERT_EQ(report.at("classes").size(), 4U);
  int64_t pixels = 0;
  for (const json& entry : report.at("classes")) {
    pixels += entry.at("labelled_pixels").get<int64_t>();
    EXPECT_EQ(entry.at("iou").is_null(), entry.at("labelled_pixels") == 0);
  }
  EXPECT_EQ(pixels, 50 * 80 + 70 * 60);
  const ToolResult table = Run(Command());
  EXPECT_THAT(table.out, HasSubstr("aAcc 100.00  mIoU 100.00  mAcc 100.00\nwhole  images 2"));
  EXPECT_THAT(table.out, HasSubstr("class_0"));
}

TEST_F(EvaluateSegmenterTest, ReducesTheZeroLabelAndIgnoresPixels) {
  AddImage("a", 50, 80, /*add=*/1);
  TestImage ignored{.height = 70, .width = 60, .channels = 1, .pixels = Bytes(70 * 60, 255)};
  ignored.pixels[7] = 0;  // which is ignored too
  WriteLabels("b", ignored);
  const json report = Evaluate("--reduce-zero-label");
  EXPECT_EQ(report.at("pixel_accuracy"), 1);
  int64_t pixels = 0;
  for (const json& entry : report.at("classes")) {
    pixels += entry.at("labelled_pixels").get<int64_t>();
  }
  EXPECT_EQ(pixels, 50 * 80);
}

TEST_F(EvaluateSegmenterTest, SegmentsInWindowsIfAsked) {
  // The default window is larger than the images, which makes it the same.
  const json slide = Evaluate("--mode slide --limit 1");
  EXPECT_EQ(slide.at("mode"), "slide");
  EXPECT_EQ(slide.at("images"), 1);
  EXPECT_EQ(slide.at("pixel_accuracy"), 1);
}

TEST_F(EvaluateSegmenterTest, NamesWhatIsWrong) {
  ExpectError(Command() + "--annotations x.json", 2, "--annotations is for detectors");
  ExpectError(Command() + "--batch 2", 2, "--batch");
  ExpectError(Command() + "--part test", 2, "images/test");
  WriteLabels("b", {.height = 70, .width = 60, .channels = 1, .pixels = Bytes(70 * 60, 4)});
  ExpectError(Command(), 2, "images/val/b.png: ");
  WriteLabels("b", {.height = 60, .width = 70, .channels = 1, .pixels = Bytes(60 * 70)});
  ExpectError(Command(), 2, "images/val/b.png: is of shape [70,60], its label map of [60,70]");
  std::filesystem::remove(Path("data/annotations/val/b.png"));
  ExpectError(Command(), 2, "images/val/b.png has no label map annotations/val/b.png");
}

}  // namespace
}  // namespace localmamba
