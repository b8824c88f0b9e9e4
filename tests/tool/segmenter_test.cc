// init, inspect and forward of segmenters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

// A segmenter of a few thousand parameters.
constexpr char kSpec[] = R"({
  "task": "TASK_SEGMENTATION",
  "local_vmamba": {
    "scan": {"layers": [{"directions": ["h", "v"]}, {"directions": ["w2", "h_flip"]}]},
    "dims": [8, 16], "depths": [1, 1], "num_classes": 0, "out_indices": [0, 1]
  },
  "segmentation": {"num_classes": 3, "channels": 8, "auxiliary": {"channels": 4, "input": 1}},
  "preprocess": {"keep_ratio": {"long_side": 96, "short_side": 64}}
})";

class SegmenterTest : public ToolTest {
 protected:
  std::string Model(const nlohmann::json& spec) {
    const ToolResult init =
        Run(absl::StrCat("init --spec ", Write("spec.json", spec.dump()), " --out ", Path("m")));
    EXPECT_EQ(init.exit_status, 0) << init.err;
    return Path("m");
  }
  NamedTensors Forward(const std::string& model, const std::string& flags = "") {
    const ToolResult forward = Run(absl::StrCat("forward --model ", model, " --image ",
                                                FindGoldenFile("image_c.png", "heads"),
                                                " --output ", Path("stages.safetensors"), flags));
    EXPECT_EQ(forward.exit_status, 0) << forward.err;
    EXPECT_THAT(forward.out, HasSubstr("segmented in "));
    return ReadSafetensors(Path("stages.safetensors"))->tensors;
  }
};

TEST_F(SegmenterTest, ForwardWritesEveryStage) {
  const NamedTensors tensors = Forward(Model(nlohmann::json::parse(kSpec)), " --source-logits");
  // 150 x 111 pixels become 86 x 64.
  EXPECT_EQ(tensors.at("input").shape(), (Shape{3, 64, 86}));
  EXPECT_EQ(tensors.at("backbone.0").shape(), (Shape{8, 16, 21}));
  EXPECT_EQ(tensors.at("backbone.1").shape(), (Shape{16, 8, 11}));
  EXPECT_EQ(tensors.at("logits").shape(), (Shape{3, 16, 21}));
  EXPECT_EQ(tensors.at("aux_logits").shape(), (Shape{3, 8, 11}));
  EXPECT_EQ(tensors.at("labels").shape(), (Shape{111, 150}));
  EXPECT_EQ(tensors.at("margin").shape(), (Shape{111, 150}));
  EXPECT_EQ(tensors.at("source_logits_strided").shape(), (Shape{3, 14, 19}));
}

TEST_F(SegmenterTest, ForwardInWindowsWritesTheLabels) {
  nlohmann::json spec = nlohmann::json::parse(kSpec);
  spec["segmentation"]["slide"] = {
      {"window_height", 32}, {"window_width", 40}, {"step_height", 20}, {"step_width", 30}};
  const NamedTensors tensors = Forward(Model(spec));
  EXPECT_EQ(tensors.size(), 2U);
  EXPECT_EQ(tensors.at("labels").shape(), (Shape{111, 150}));
}

// The file is laid out as mmsegmentation writes it, with the weights of `init --seed 7`.
TEST_F(SegmenterTest, ImportTakesBackboneAndHeads) {
  const std::string spec = " --spec " + Write("spec.json", kSpec);
  const std::string checkpoint = " --checkpoint " + FindGoldenFile("segmenter_style.pth", "heads");
  const ToolResult import = Run("import" + checkpoint + spec + " --out " + Path("imported"));
  ASSERT_EQ(import.exit_status, 0) << import.err;
  EXPECT_THAT(import.out, HasSubstr("state dict: state_dict"));
  EXPECT_THAT(import.out, HasSubstr("skipped (1): meta"));
  ASSERT_EQ(Run("init --seed 7" + spec + " --out " + Path("made")).exit_status, 0);
  const NamedTensors found = Forward(Path("imported"));
  const NamedTensors expected = Forward(Path("made"));
  const Tensor& logits = expected.at("logits");
  for (int64_t i = 0; i < logits.elements(); ++i) {
    ASSERT_EQ(found.at("logits").data<float>()[i], logits.data<float>()[i]) << "element " << i;
  }
  ExpectError("import" + checkpoint + " --out " + Path("d1") +
                  " --variant mask_rcnn_local_vssm_tiny_fpn_coco",
              2, "segmenter_style.pth: weights do not fit the network");
}

TEST_F(SegmenterTest, InspectCountsThePartsOfAVariant) {
  const ToolResult init =
      Run(absl::StrCat("init --variant upernet_local_vssm_tiny_8xb2-160k_ade20k-512x512 --dtype "
                       "f16 --out ",
                       Path("s1")));
  ASSERT_EQ(init.exit_status, 0) << init.err;
  std::ifstream labels(Path("s1/1/labels.json"));
  EXPECT_EQ(nlohmann::json::parse(labels).at("labels").at(149), "flag");
  const ToolResult inspect = Run(absl::StrCat("inspect --json --model ", Path("s1")));
  ASSERT_EQ(inspect.exit_status, 0) << inspect.err;
  const nlohmann::json report = nlohmann::json::parse(inspect.out);
  EXPECT_EQ(report.at("classes"), 150);
  EXPECT_EQ(report.at("image_height"), 512);
  EXPECT_EQ(report.at("image_width"), 512);
  int64_t decode_head = 0;
  for (const nlohmann::json& layer : report.at("layers")) {
    const auto name = layer.at("name").get<std::string>();
    if (name.starts_with("decode_head.")) decode_head += layer.at("parameters").get<int64_t>();
  }
  EXPECT_EQ(decode_head, 31497366);
  EXPECT_EQ(report.at("layers").back().at("name"), "auxiliary_head");
  EXPECT_EQ(report.at("layers").back().at("parameters"), 923798);
}

TEST_F(SegmenterTest, BenchMeasuresASquareUnlessToldOtherwise) {
  const std::string command =
      "bench " + Model(nlohmann::json::parse(kSpec)) + " --seconds 0 --json";
  const ToolResult square = Run(command);
  ASSERT_EQ(square.exit_status, 0) << square.err;
  const nlohmann::json report = nlohmann::json::parse(square.out);
  EXPECT_EQ(report.at(0).at("height"), 64);
  EXPECT_EQ(report.at(0).at("width"), 64);
  EXPECT_FALSE(report.at(0).contains("detections_per_image"));
  const ToolResult others = Run(command + " --size 32x48,40 --batch 2");
  ASSERT_EQ(others.exit_status, 0) << others.err;
  EXPECT_EQ(nlohmann::json::parse(others.out).at(0).at("width"), 48);
  EXPECT_EQ(nlohmann::json::parse(others.out).at(1).at("height"), 40);
}

TEST_F(SegmenterTest, NamesWhatIsWrong) {
  const std::string model = Model(nlohmann::json::parse(kSpec));
  const std::string output = " --output " + Path("y");
  ExpectError("forward --model " + model + " --input " + Path("x") + output, 2,
              "--input: the model is a segmenter, which takes --image");
  ExpectError("forward --model " + model + " --image x --objects y" + output, 2,
              "--objects is for detectors");
  ExpectError("forward --model " + model + " --image " + Write("x.png", "text") + output, 2,
              "x.png: ");
  const std::string small = Write("small.json", SmallSpec());
  ASSERT_EQ(Run("init --spec " + small + " --out " + Path("c")).exit_status, 0);
  ExpectError("forward --model " + Path("c") + " --input x --source-logits" + output, 2,
              "--source-logits is for segmenters");
  ExpectError("init --variant upernet --out " + Path("n"), 2,
              "upernet_local_vim-tiny_8xb2-160k_ade20k-512x512");
}

}  // namespace
}  // namespace localmamba
