#include "model/heads/mask_rcnn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
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
    const auto detector = MaskRcnn::Create(variant.backbone, variant.detection).value();
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
  GoldenDetector run = GoldenDetector::Create(GoldenHeadCase("d1_official"), 2);
  OpContext context = run.Context();
  const int64_t size = 3 * 96 * 128;
  std::vector<float> both = DeterministicInput("first", size);
  const std::vector<float> second = DeterministicInput("second", size);
  both.insert(both.end(), second.begin(), second.end());
  const auto pair = run.detector->Forward(context, GoldenDetector::Constant(both, {2, 3, 96, 128}),
                                          GoldenDetector::Constant({96, 128, 90, 120}, {2, 2}));
  const auto alone =
      run.detector->Forward(context, GoldenDetector::Constant(second, {1, 3, 96, 128}),
                            GoldenDetector::Constant({90, 120}, {1, 2}));
  ASSERT_TRUE(pair.ok()) << pair.status();
  ASSERT_TRUE(alone.ok()) << alone.status();
  const int32_t count = alone->counts.tensor().data<int32_t>()[0];
  EXPECT_GT(count, 3);
  EXPECT_EQ(pair->counts.tensor().data<int32_t>()[1], count);
  const auto rows = static_cast<size_t>(count);
  const auto K = static_cast<size_t>(alone->boxes.dim(1));
  for (size_t i = 0; i < rows * 4; ++i) {
    EXPECT_NEAR(pair->boxes.tensor().data<float>()[K * 4 + i],
                alone->boxes.tensor().data<float>()[i], 1e-3);
  }
  for (size_t i = 0; i < rows; ++i) {
    EXPECT_NEAR(pair->scores.tensor().data<float>()[K + i], alone->scores.tensor().data<float>()[i],
                1e-5);
    EXPECT_EQ(pair->classes.tensor().data<int32_t>()[K + i],
              alone->classes.tensor().data<int32_t>()[i]);
  }
}

TEST(MaskRcnnTest, FindsNothingWhereNoScoreIsHighEnough) {
  nlohmann::json golden_case = GoldenHeadCase("d1_official");
  golden_case["config"]["test"]["score_thr"] = 1.0;
  GoldenDetector run = GoldenDetector::Create(golden_case);
  OpContext context = run.Context();
  const auto detections = run.detector->Forward(
      context, GoldenDetector::Constant(DeterministicInput("input", 3 * 64 * 64), {1, 3, 64, 64}),
      GoldenDetector::Constant({64, 64}, {1, 2}));
  ASSERT_TRUE(detections.ok()) << detections.status();
  EXPECT_EQ(detections->counts.tensor().data<int32_t>()[0], 0);
}

TEST(MaskRcnnTest, TakesTheSmallestPaddedImage) {
  GoldenDetector run = GoldenDetector::Create(GoldenHeadCase("d1_official"));
  OpContext context = run.Context();
  const auto detections = run.detector->Forward(
      context, GoldenDetector::Constant(DeterministicInput("input", 3 * 32 * 32), {1, 3, 32, 32}),
      GoldenDetector::Constant({1, 32}, {1, 2}));  // of one row of pixels
  ASSERT_TRUE(detections.ok()) << detections.status();
  const float* boxes = detections->boxes.tensor().data<float>();
  for (int32_t i = 0; i < detections->counts.tensor().data<int32_t>()[0]; ++i) {
    EXPECT_LE(boxes[i * 4 + 3], 1);
  }
}

TEST(MaskRcnnTest, NamesWhatIsWrong) {
  GoldenDetector run = GoldenDetector::Create(GoldenHeadCase("d1_official"));
  OpContext context = run.Context();
  const Value input = GoldenDetector::Constant(std::vector<float>(3 * 64 * 64), {1, 3, 64, 64});
  const auto detections = run.detector->Forward(context, input, Value());
  EXPECT_EQ(detections.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(detections.status().message()), HasSubstr("detector: \"limits\""));
  const auto unpacked = MaskRcnn::Create(LocalVimConfig(), DetectionConfig());
  EXPECT_EQ(unpacked.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace localmamba
