#include "model/heads/mask_rcnn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "model/heads/create_model.h"
#include "model/heads/detector_variants.h"
#include "tests/model/heads/golden_detector.h"
#include "tests/support/deterministic.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

int64_t ElementsUnder(const ParameterSet& parameters, absl::string_view prefix) {
  int64_t elements = 0;
  for (const Parameter& parameter : parameters.parameters()) {
    if (absl::StartsWith(parameter.name, prefix)) elements += parameter.shape.elements();
  }
  return elements;
}

TEST(MaskRcnnTest, HasThePublishedNumberOfParameters) {
  const std::map<std::string, std::vector<int64_t>> published = {
      {"mask_rcnn_local_vssm_tiny_fpn_coco", {2729984, 593935, 14306705, 2643280}},
      {"mask_rcnn_local_vssm_small_fpn_coco", {2729984, 593935, 14306705, 2643280}},
      {"vitdet_cascade_mask-rcnn_local_vim_tiny_lsj-100e", {2664880, 1184015, 15618449, 2644304}},
      {"vitdet_cascade_mask-rcnn_local_vim_small_lsj-100e", {3298144, 1184015, 15618449, 2644304}}};
  for (const auto& [name, elements] : published) {
    const DetectorVariant variant = DetectorVariantConfig(name).value();
    const auto detector = CreateModel(variant.backbone, variant.detection).value();
    const ParameterSet& parameters = detector->parameters();
    EXPECT_EQ(ElementsUnder(parameters, "neck."), elements[0]) << name;
    EXPECT_EQ(ElementsUnder(parameters, "rpn_head."), elements[1]) << name;
    EXPECT_EQ(ElementsUnder(parameters, "roi_head.bbox_head."), elements[2]) << name;
    EXPECT_EQ(ElementsUnder(parameters, "roi_head.mask_head."), elements[3]) << name;
  }
}

TEST(MaskRcnnTest, NamesParametersAsTheOfficialCheckpoints) {
  for (const std::string model : {"d1", "d3"}) {
    const std::string path = FindGoldenFile("weights_" + model + ".json", "heads");
    if (path.empty()) GTEST_SKIP() << "the golden weights of " << model << " are not here";
    const nlohmann::json golden_case = GoldenHeadCase(model == "d1" ? "d1_official" : "d3");
    GoldenDetector run = GoldenDetector::Create(golden_case);
    std::ifstream file(path);
    const nlohmann::json weights = nlohmann::json::parse(file);
    size_t found = 0;
    for (const auto& [name, weight] : weights.items()) {
      const Parameter* parameter = run.detector->parameters().Find(name);
      ASSERT_NE(parameter, nullptr) << name;
      EXPECT_EQ(parameter->shape, Shape(weight.at("shape").get<std::vector<int64_t>>())) << name;
      const float* data = parameter->value.tensor().data<float>();
      const auto first = weight.at("first3").get<std::vector<double>>();
      for (size_t i = 0; i < first.size(); ++i) EXPECT_NEAR(data[i], first[i], 1e-6) << name;
      ++found;
    }
    EXPECT_EQ(found, run.detector->parameters().parameters().size());
  }
}

// An image does not see the others in its batch.
TEST(MaskRcnnTest, GivesTheSameForAnImageAloneAndInABatch) {
  GoldenDetector run = GoldenDetector::Create(GoldenHeadCase("d1_official"), {.threads = 2});
  const int64_t size = 3 * 96 * 128;
  std::vector<float> both = DeterministicInput("first", size);
  const std::vector<float> second = DeterministicInput("second", size);
  both.insert(both.end(), second.begin(), second.end());
  const auto pair = run.Forward(run.OnDevice(both, {2, 3, 96, 128}), {96, 128, 90, 120});
  const auto alone = run.Forward(run.OnDevice(second, {1, 3, 96, 128}), {90, 120});
  ASSERT_TRUE(pair.ok()) << pair.status();
  ASSERT_TRUE(alone.ok()) << alone.status();
  const Detections& of_pair = *pair->detections;
  const Detections& of_second = *alone->detections;
  const auto rows = static_cast<size_t>(run.Fetch(of_second.counts).front());
  EXPECT_GT(rows, 3U);
  EXPECT_EQ(run.Fetch(of_pair.counts)[1], static_cast<double>(rows));
  const auto expect_same = [&](const Value& pair_value, const Value& value, size_t width,
                               double tolerance) {
    const std::vector<double> second_of_pair = run.Fetch(pair_value);
    const std::vector<double> expected = run.Fetch(value);
    const size_t begin = second_of_pair.size() / 2;
    for (size_t i = 0; i < rows * width; ++i) {
      EXPECT_NEAR(second_of_pair[begin + i], expected[i], tolerance);
    }
  };
  expect_same(of_pair.boxes, of_second.boxes, 4, 1e-3);
  expect_same(of_pair.scores, of_second.scores, 1, 1e-5);
  expect_same(of_pair.classes, of_second.classes, 1, 0);
}

TEST(MaskRcnnTest, FindsNothingWhereNoScoreIsHighEnough) {
  nlohmann::json golden_case = GoldenHeadCase("d1_official");
  golden_case["config"]["test"]["score_thr"] = 1.0;
  GoldenDetector run = GoldenDetector::Create(golden_case);
  const auto output =
      run.Forward(run.OnDevice(DeterministicInput("input", 3 * 64 * 64), {1, 3, 64, 64}), {64, 64});
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(run.Fetch(output->detections->counts).front(), 0);
}

TEST(MaskRcnnTest, TakesTheSmallestPaddedImage) {
  GoldenDetector run = GoldenDetector::Create(GoldenHeadCase("d1_official"));
  const auto output =
      run.Forward(run.OnDevice(DeterministicInput("input", 3 * 32 * 32), {1, 3, 32, 32}),
                  {1, 32});  // of one row of pixels
  ASSERT_TRUE(output.ok()) << output.status();
  const std::vector<double> boxes = run.Fetch(output->detections->boxes);
  const auto count = static_cast<size_t>(run.Fetch(output->detections->counts).front());
  for (size_t i = 0; i < count; ++i) EXPECT_LE(boxes[i * 4 + 3], 1);
}

TEST(MaskRcnnTest, NamesWhatIsWrong) {
  GoldenDetector run = GoldenDetector::Create(GoldenHeadCase("d1_official"));
  OpContext context = run.Context();
  const Value input = run.OnDevice(std::vector<float>(3 * 64 * 64), {1, 3, 64, 64});
  const auto output = run.detector->Forward(context, input);
  EXPECT_EQ(output.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(output.status().message()), HasSubstr("detector: \"sizes\""));
  const auto featureless = CreateModel(LocalVimConfig(), DetectionConfig());
  EXPECT_EQ(featureless.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace localmamba
