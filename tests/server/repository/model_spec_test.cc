#include "server/repository/model_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "model/heads/detector_variants.h"
#include "model/networks/variants.h"
#include "tests/support/golden.h"

namespace localmamba {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr absl::string_view kSmall = R"({
  "local_vim": {
    "scan": {"layers": [{"directions": ["h", "w2_flip"]}, {"directions": ["v"]}]},
    "embed_dim": 32, "num_classes": 5
  },
  "preprocess": {"crop_width": 200},
  "version_labels": {"stable": 3, "canary": "4"}
})";

std::string Message(const absl::StatusOr<ModelSpec>& spec) {
  return std::string(spec.status().message());
}

TEST(ModelSpecTest, UnsetFieldsHaveTheirDefaults) {
  const auto spec = ParseModelSpec(kSmall, "model.json");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->task, ModelTask::kClassification);
  const auto& network = std::get<LocalVimConfig>(spec->network);
  ASSERT_EQ(network.scan.directions.size(), 2U);
  EXPECT_EQ(network.scan.directions[0][1].ToString(), "w2_flip");
  EXPECT_EQ(network.embed_dim, 32);
  EXPECT_EQ(network.image_height, 224);
  EXPECT_EQ(network.patch_size, 16);
  EXPECT_TRUE(network.rope);
  EXPECT_EQ(network.scan.attention, AttentionKind::kChannel);
  EXPECT_EQ(network.scan.d_state, 16);
  EXPECT_EQ(spec->preprocess.resize_short_side, 256);
  EXPECT_EQ(spec->preprocess.crop_width, 200);
  EXPECT_EQ(spec->preprocess.normalization.mean[0], 0.485F);
  EXPECT_EQ(spec->version_labels.at("canary"), 4);
  EXPECT_EQ(NumClasses(spec->network), 5);
}

TEST(ModelSpecTest, EveryVariantSurvivesBeingWrittenAndRead) {
  for (const std::string& name : VariantNames()) {
    ModelSpec spec;
    spec.network = *VariantConfig(name);
    spec.description = name;
    spec.version_labels["stable"] = 7;
    const std::string text = FormatModelSpec(spec);
    const auto read = ParseModelSpec(text, name);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(FormatModelSpec(*read), text);
    EXPECT_EQ(read->network.index(), spec.network.index());
  }
}

TEST(ModelSpecTest, EveryDetectorSurvivesBeingWrittenAndRead) {
  for (const std::string& name : DetectorVariantNames()) {
    const DetectorVariant variant = *DetectorVariantConfig(name);
    ModelSpec spec;
    spec.task = ModelTask::kDetection;
    spec.network = variant.backbone;
    spec.head = variant.detection;
    spec.keep_ratio = variant.preprocess;
    const std::string text = FormatModelSpec(spec);
    const auto read = ParseModelSpec(text, name);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(FormatModelSpec(*read), text);
    EXPECT_EQ(NumClasses(*read), 80);
    EXPECT_EQ(std::get<DetectionConfig>(read->head).proposal_iou, 0.7F);
    EXPECT_EQ(read->keep_ratio->long_side, variant.preprocess.long_side);
  }
}

TEST(ModelSpecTest, HeadsHaveTheirDefaults) {
  const std::string network = R"("local_vmamba": {"num_classes": 0, "depths": [1, 1, 1, 1],
      "out_indices": [0, 1, 2, 3], "scan": {"layers": [{"directions": ["h"]}, {"directions": ["h"]},
      {"directions": ["h"]}, {"directions": ["h"]}]}})";
  const auto detector = ParseModelSpec(
      absl::StrCat(R"({"task": "TASK_DETECTION", "detection": {}, )", network, "}"), "m");
  ASSERT_TRUE(detector.ok()) << detector.status();
  EXPECT_EQ(std::get<DetectionConfig>(detector->head).max_detections, 100);
  EXPECT_EQ(detector->keep_ratio->short_side, 800);
  const auto segmenter = ParseModelSpec(
      absl::StrCat(R"({"task": "TASK_SEGMENTATION", "segmentation": {"auxiliary": {}, "slide": {}},
                       "preprocess": {"keep_ratio": {"pad_divisor": 4}}, )",
                   network, "}"),
      "m");
  ASSERT_TRUE(segmenter.ok()) << segmenter.status();
  EXPECT_EQ(std::get<SegmentationConfig>(segmenter->head).auxiliary->input, 2);
  EXPECT_EQ(segmenter->keep_ratio->long_side, 2048);
  EXPECT_EQ(segmenter->keep_ratio->pad_divisor, 4);
  const std::string text = FormatModelSpec(*segmenter);
  EXPECT_EQ(FormatModelSpec(*ParseModelSpec(text, "m")), text);
}

TEST(ModelSpecTest, RefusesHeadsThatDoNotFit) {
  const std::string network = R"("local_vim": {"num_classes": 0, "out_indices": [0],
      "scan": {"layers": [{"directions": ["h"]}]}})";
  const auto message = [&](absl::string_view members) {
    return Message(ParseModelSpec(absl::StrCat("{", members, ", ", network, "}"), "m"));
  };
  EXPECT_THAT(message(R"("task": "TASK_DETECTION")"),
              HasSubstr("task is TASK_DETECTION, but detection is missing"));
  EXPECT_THAT(message(R"("task": "TASK_FEATURES", "detection": {})"),
              HasSubstr("detection is given, but task is not TASK_DETECTION"));
  EXPECT_THAT(message(R"("task": "TASK_DETECTION", "detection": {})"),
              HasSubstr("detection: neck NECK_FPN wants a local_vmamba"));
  EXPECT_THAT(message(R"("task": "TASK_SEGMENTATION", "segmentation": {"channels": 0})"),
              HasSubstr("segmentation: channels is 0"));
  EXPECT_THAT(message(R"("task": "TASK_FEATURES", "preprocess": {"keep_ratio": {}})"),
              HasSubstr("preprocess.keep_ratio is for detection and segmentation only"));
  EXPECT_THAT(message(R"("task": "TASK_DETECTION", "detection": {"neck": "NECK_SIMPLE_FPN"},
                         "preprocess": {"keep_ratio": {"long_side": 0}})"),
              HasSubstr("preprocess.keep_ratio: long_side is 0"));
}

TEST(ModelSpecTest, IsWrittenWithOneLayerToALine) {
  ModelSpec spec;
  spec.network = *VariantConfig("local_vim_tiny");
  const std::string text = FormatModelSpec(spec);
  EXPECT_THAT(text,
              HasSubstr("\n        {\"directions\": [\"h\", \"v_flip\", \"w7\", \"w7_flip\"]},\n"));
  EXPECT_THAT(text, HasSubstr("\"mean\": [0.485, 0.456, 0.406]"));
}

// A configuration of cases.json as a model.json.
nlohmann::json SpecOfGoldenConfig(const std::string& family, const nlohmann::json& golden) {
  nlohmann::json scan = {{"supernet", golden.at("supernet")}, {"d_state", golden.at("d_state")}};
  const bool all = golden.at("directions").is_null();  // a supernet over the official candidates
  const size_t layers = family == "local_vim"
                            ? golden.at("depth").get<size_t>()
                            : golden.at("depths").get<std::vector<size_t>>().size();
  for (size_t i = 0; i < layers || (!all && i < golden.at("directions").size()); ++i) {
    const nlohmann::json candidates = {"h",  "h_flip",  "v",  "v_flip",
                                       "w2", "w2_flip", "w7", "w7_flip"};
    scan["layers"].push_back({{"directions", all ? candidates : golden.at("directions").at(i)}});
  }
  nlohmann::json network = {{"scan", scan}, {"patch_size", golden.at("patch_size")}};
  const bool features = !golden.at("out_indices").is_null();
  network["num_classes"] = features ? nlohmann::json(0) : golden.at("num_classes");
  if (features) network["out_indices"] = golden.at("out_indices");
  if (family == "local_vim") {
    const nlohmann::json& size = golden.at("img_size");
    network["image_height"] = size.is_array() ? size.at(0) : size;
    network["image_width"] = size.is_array() ? size.at(1) : size;
    network["embed_dim"] = golden.at("embed_dim");
    network["rope"] = golden.at("rope");
    network["middle_class_token"] = golden.at("cls_token") == "middle";
    network["norm"] = golden.at("norm") == "rms" ? "NORM_RMS" : "NORM_LAYER";
  } else {
    network["dims"] = golden.at("dims");
    network["depths"] = golden.at("depths");
  }
  return {{"task", features ? "TASK_FEATURES" : "TASK_CLASSIFICATION"}, {family, network}};
}

TEST(ModelSpecTest, CanExpressEveryGoldenModel) {
  int count = 0;
  for (const nlohmann::json& golden : GoldenCases("model")) {
    const nlohmann::json json = SpecOfGoldenConfig(golden.at("family"), golden.at("config"));
    const auto spec = ParseModelSpec(json.dump(), golden.at("id").get<std::string>());
    EXPECT_TRUE(spec.ok()) << spec.status();
    ++count;
  }
  EXPECT_EQ(count, 23);
}

TEST(ModelSpecTest, ReadsAndWritesFiles) {
  const std::string path = ::testing::TempDir() + "model.json";
  ASSERT_TRUE(WriteModelSpec(*ParseModelSpec(kSmall, "small"), path).ok());
  EXPECT_TRUE(ReadModelSpec(path).ok());
  std::ofstream(path) << "{}";
  EXPECT_THAT(Message(ReadModelSpec(path)), StartsWith(path + ": no network is given"));
  EXPECT_EQ(ReadModelSpec("/no/such/model.json").status().code(), absl::StatusCode::kNotFound);
}

struct BadSpec {
  std::string name;
  std::string found;  // in kSmall, replaced by `put`
  std::string put;
  std::string message;  // part of the error
};

void PrintTo(const BadSpec& bad, std::ostream* os) { *os << bad.name; }

class BadModelSpecTest : public ::testing::TestWithParam<BadSpec> {};

TEST_P(BadModelSpecTest, IsRefusedNamingFileAndField) {
  const std::string text = absl::StrReplaceAll(kSmall, {{GetParam().found, GetParam().put}});
  ASSERT_NE(text, kSmall);
  const auto spec = ParseModelSpec(text, "m/model.json");
  EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(spec), AllOf(StartsWith("m/model.json: "), HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadModelSpecTest,
    ::testing::ValuesIn(std::vector<BadSpec>{
        {"NoJson", "\"preprocess\"", "preprocess", "is not JSON"},
        {"CutShort", "\"canary\": \"4\"}\n}", "", "is not JSON"},
        {"NoObject", std::string(kSmall), "[1]", "is no JSON object"},
        {"UnknownField", "embed_dim", "embed_dims", "embed_dims"},
        {"UnknownTopField", "version_labels", "labels", "labels"},
        {"RepeatedField", "\"num_classes\": 5", "\"num_classes\": 5, \"num_classes\": 6",
         "\"num_classes\" twice"},
        {"BothFamilies", "\"preprocess\"", "\"local_vmamba\": {}, \"preprocess\"", "network"},
        {"NoNetwork", std::string(kSmall), "{}", "no network is given"},
        {"WrongType", "\"embed_dim\": 32", "\"embed_dim\": \"wide\"", "embed_dim"},
        {"FractionalInteger", "\"embed_dim\": 32", "\"embed_dim\": 32.5", "embed_dim"},
        {"BeyondInt32", "\"embed_dim\": 32", "\"embed_dim\": 4294967296", "embed_dim"},
        {"OutOfRange", "\"embed_dim\": 32", "\"embed_dim\": -1", "local_vim: embed_dim is -1"},
        {"UnknownEnumName", "\"num_classes\"", "\"norm\": \"NORM_BATCH\", \"num_classes\"", "norm"},
        {"UnknownEnumNumber", "\"num_classes\"", "\"norm\": 9, \"num_classes\"",
         "local_vim: norm is the unknown number 9"},
        {"BadDirection", "w2_flip", "z2", "local_vim: scan.layers[0].directions[1]"},
        {"NoDirections", "[\"v\"]", "[]", "layer 1"},
        {"NoLayers", "[{\"directions\": [\"h\", \"w2_flip\"]}, {\"directions\": [\"v\"]}]", "[]",
         "number of layers"},
        {"NoHead", "\"num_classes\": 5", "\"num_classes\": 0", "num_classes is 0"},
        {"NoHeadToClassify", "\"num_classes\": 5", "\"num_classes\": 0, \"out_indices\": [0]",
         "task is TASK_CLASSIFICATION"},
        {"NoFeatures", "\"preprocess\"", "\"task\": \"TASK_FEATURES\", \"preprocess\"",
         "task is TASK_FEATURES"},
        {"CropTooLarge", "\"crop_width\": 200", "\"crop_width\": 300",
         "preprocess: crop_width is 300"},
        {"TwoMeans", "\"crop_width\": 200", "\"mean\": [0.5, 0.5]", "preprocess.mean has 2"},
        {"InfiniteMean", "\"crop_width\": 200", "\"mean\": [0, 0, \"Infinity\"]",
         "preprocess: mean"},
        {"ZeroStd", "\"crop_width\": 200", "\"std\": [1, 0, 1]", "preprocess: std"},
        {"LabelIsANumber", "stable", "3", "version_labels has \"3\""},
        {"LabelHasASlash", "stable", "a/b", "version_labels has \"a/b\""},
        {"VersionZero", "\"stable\": 3", "\"stable\": 0", "version_labels \"stable\" is 0"},
        {"DeepNesting", "\"crop_width\": 200", "\"x\": " + std::string(40, '['), "nests deeper"},
        {"TooLarge", "\"crop_width\": 200", std::string(size_t{2} << 20, ' '), "wanted at most"},
    }),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
