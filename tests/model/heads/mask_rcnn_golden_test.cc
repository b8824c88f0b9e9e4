// The golden detectors, stage by stage and from the image to the objects in it. Tolerances are those
// of tests/golden/heads/README.md, section 8.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/vision/decode.h"
#include "model/vision/detected_objects.h"
#include "model/vision/keep_ratio.h"
#include "tests/model/heads/golden_detector.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

std::vector<double> Elements(const Value& value) {
  const float* data = value.tensor().data<float>();
  return {data, data + value.tensor().elements()};
}

std::vector<double> Doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

struct Scored {
  std::vector<double> box;
  double score = 0;
  int64_t label = 0;
  size_t index = 0;
};

std::vector<Scored> ScoredBoxes(const std::vector<double>& boxes, const std::vector<double>& scores,
                                const std::vector<int32_t>& labels, size_t count) {
  std::vector<Scored> result;
  for (size_t i = 0; i < count; ++i) {
    result.push_back({{boxes.begin() + static_cast<std::ptrdiff_t>(4 * i),
                       boxes.begin() + static_cast<std::ptrdiff_t>(4 * i + 4)},
                      scores[i],
                      labels.empty() ? 0 : labels[i],
                      i});
  }
  return result;
}

// For each expected box the index of the found one that agrees with it; each is taken once.
std::vector<size_t> MatchAsSets(const std::vector<Scored>& found,
                                const std::vector<Scored>& expected, double score_tolerance) {
  EXPECT_EQ(found.size(), expected.size());
  std::vector<bool> taken(found.size());
  std::vector<size_t> matches;
  for (const Scored& wanted : expected) {
    size_t best = found.size();
    for (size_t i = 0; i < found.size() && best == found.size(); ++i) {
      bool agrees = !taken[i] && found[i].label == wanted.label &&
                    std::abs(found[i].score - wanted.score) <= score_tolerance;
      for (size_t corner = 0; corner < 4; ++corner) {
        agrees = agrees && std::abs(found[i].box[corner] - wanted.box[corner]) <= 0.02;
      }
      if (agrees) best = i;
    }
    EXPECT_LT(best, found.size()) << "no box for number " << wanted.index << ", score "
                                  << wanted.score;
    if (best < found.size()) taken[best] = true;
    matches.push_back(best);
  }
  return matches;
}

class MaskRcnnGoldenTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string path = FindGoldenFile(absl::StrCat(GetParam(), ".safetensors"), "heads");
    if (path.empty()) GTEST_SKIP() << "the golden file of " << GetParam() << " is not here";
    golden_case_ = GoldenHeadCase(GetParam());
    golden_ = LoadGoldenTensors(path).value();
    run_ = GoldenDetector::Create(golden_case_);
    PrepareImage();
  }

  // The golden network's input from the image.
  void PrepareImage() {
    const std::string path =
        FindGoldenFile(golden_case_.at("image").at("file").get<std::string>(), "heads");
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    const DecodedImage image =
        DecodeImage({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, {},
                    *run_.memory)
            .value();
    const nlohmann::json& scale = golden_case_.at("config").at("resize_scale");
    KeepRatioConfig config;
    config.long_side = std::max(scale.at(0).get<int64_t>(), scale.at(1).get<int64_t>());
    config.short_side = std::min(scale.at(0).get<int64_t>(), scale.at(1).get<int64_t>());
    if (golden_case_.at("config").at("style") == "D3") config.pad_side = config.long_side;
    prepared_ = ResizeKeepRatio(config, {}, image.pixels, *run_.memory, *run_.stream).value();
  }

  [[nodiscard]] Value Input() const {
    const Shape& shape = prepared_.input.shape();
    return Value(prepared_.input.Reshape({1, shape[0], shape[1], shape[2]}));
  }
  [[nodiscard]] Value Limits() const {
    return GoldenDetector::Constant(
        {prepared_.geometry.limit_height, prepared_.geometry.limit_width}, {1, 2});
  }

  void ExpectMaps(const std::string& prefix, const std::vector<Value>& maps, double tolerance) {
    for (size_t i = 0; i < maps.size(); ++i) {
      const auto expected = golden_.find(absl::StrCat(prefix, i));
      if (expected == golden_.end()) continue;
      SCOPED_TRACE(expected->first);
      ExpectNear(Elements(maps[i]), Doubles(ChannelsLast(expected->second)), tolerance);
    }
  }

  nlohmann::json golden_case_;
  GoldenTensors golden_;
  GoldenDetector run_;
  PreparedImage prepared_;
};

TEST_P(MaskRcnnGoldenTest, PreparesTheImage) {
  const nlohmann::json& expected = golden_case_.at("preprocessing");
  const ImageGeometry& geometry = prepared_.geometry;
  EXPECT_EQ(geometry.input_height, expected.at("network_shape").at(0).get<int64_t>());
  EXPECT_EQ(geometry.input_width, expected.at("network_shape").at(1).get<int64_t>());
  EXPECT_EQ(geometry.limit_height, expected.at("img_shape").at(0).get<float>());
  EXPECT_EQ(geometry.limit_width, expected.at("img_shape").at(1).get<float>());
  EXPECT_NEAR(geometry.scale_x(), expected.at("scale_factor").at(0).get<double>(), 1e-7);
  EXPECT_NEAR(geometry.scale_y(), expected.at("scale_factor").at(1).get<double>(), 1e-7);
  const auto input = golden_.find("input");
  if (input == golden_.end()) return;
  ExpectNear(Elements(Value(prepared_.input)), Doubles(input->second.f32), 1e-5);
}

TEST_P(MaskRcnnGoldenTest, AgreesAtEveryStage) {
  OpContext context = run_.Context();
  DetectorStages stages;
  const auto detections = run_.detector->Forward(context, Input(), Limits(), &stages);
  ASSERT_TRUE(detections.ok()) << detections.status();
  ExpectMaps("backbone.", stages.features, 2e-4);
  std::vector<Value> pyramid;
  for (const ops::PyramidLevel& level : stages.pyramid) pyramid.push_back(level.map);
  ExpectMaps("fpn.", pyramid, 3e-4);
  ExpectMaps("rpn_cls.", stages.rpn.logits, 3e-4);
  ExpectMaps("rpn_reg.", stages.rpn.deltas, 3e-4);

  const GoldenTensor& scores = golden_.at("proposals.scores");
  const auto count = static_cast<size_t>(stages.proposals.counts.tensor().data<int32_t>()[0]);
  MatchAsSets(
      ScoredBoxes(Elements(stages.proposals.boxes), Elements(stages.proposals.scores), {}, count),
      ScoredBoxes(Doubles(golden_.at("proposals.boxes").f32), Doubles(scores.f32), {},
                  scores.f32.size()),
      1e-4);
}

TEST_P(MaskRcnnGoldenTest, PredictsBoxesFromTheGoldenProposals) {
  OpContext context = run_.Context();
  DetectorStages stages;
  ASSERT_TRUE(run_.detector->Forward(context, Input(), Limits(), &stages).ok());
  const GoldenTensor& boxes = golden_.at("proposals.boxes");
  const auto predictions = run_.detector->box_head().Forward(
      context, stages.pyramid, GoldenDetector::Constant(boxes.f32, {1, boxes.shape[0], 4}),
      Value());
  ASSERT_TRUE(predictions.ok()) << predictions.status();
  ExpectNear(Elements(predictions->logits), Doubles(golden_.at("box_head.logits").f32), 2e-3);
  ExpectNear(Elements(predictions->deltas), Doubles(golden_.at("box_head.deltas").f32), 2e-3);
}

TEST_P(MaskRcnnGoldenTest, FindsTheObjects) {
  OpContext context = run_.Context();
  const auto detections = run_.detector->Forward(context, Input(), Limits());
  ASSERT_TRUE(detections.ok()) << detections.status();
  const auto count = static_cast<size_t>(detections->counts.tensor().data<int32_t>()[0]);
  const int32_t* classes = detections->classes.tensor().data<int32_t>();
  const std::vector<int32_t> labels(classes, classes + count);
  const GoldenTensor& scores = golden_.at("detections.scores");
  const std::vector<size_t> matches = MatchAsSets(
      ScoredBoxes(Elements(detections->boxes), Elements(detections->scores), labels, count),
      ScoredBoxes(Doubles(golden_.at("detections.boxes_network").f32), Doubles(scores.f32),
                  golden_.at("detections.labels").i32, scores.f32.size()),
      2e-4);
  ASSERT_FALSE(HasFailure());

  const std::vector<double> masks = Elements(detections->mask_logits);
  const auto mask_logits = golden_.find("detections.mask_logits");
  for (size_t i = 0; i < matches.size() && mask_logits != golden_.end(); ++i) {
    const auto cells = static_cast<std::ptrdiff_t>(kMaskSize * kMaskSize);
    const auto found = masks.begin() + static_cast<std::ptrdiff_t>(matches[i]) * cells;
    const auto expected = mask_logits->second.f32.begin() + static_cast<std::ptrdiff_t>(i) * cells;
    ExpectNear({found, found + cells}, {expected, expected + cells}, 5e-3);
  }

  const auto objects =
      FindObjects({.count = static_cast<int64_t>(count),
                   .boxes = detections->boxes.tensor().view().Select(0, 0),
                   .scores = detections->scores.tensor().view().Select(0, 0),
                   .classes = detections->classes.tensor().view().Select(0, 0),
                   .mask_logits = detections->mask_logits.tensor().view().Select(0, 0)},
                  prepared_.geometry, *run_.stream);
  ASSERT_TRUE(objects.ok()) << objects.status();
  std::ifstream file(FindGoldenFile(absl::StrCat(GetParam(), "_results.json"), "heads"));
  const nlohmann::json results = nlohmann::json::parse(file);
  for (size_t i = 0; i < matches.size(); ++i) {
    const DetectedObject& object = (*objects)[matches[i]];
    const nlohmann::json& expected = results.at(i);
    EXPECT_EQ(object.class_id, expected.at("label").get<int64_t>());
    EXPECT_NEAR(object.box.x1, expected.at("bbox").at(0).get<double>(), 0.02);
    EXPECT_NEAR(object.box.y1, expected.at("bbox").at(1).get<double>(), 0.02);
    EXPECT_NEAR(object.box.width(), expected.at("bbox").at(2).get<double>(), 0.04);
    EXPECT_NEAR(object.box.height(), expected.at("bbox").at(3).get<double>(), 0.04);
    const nlohmann::json& segmentation = expected.at("segmentation");
    const RunLengths mask = ParseRunLengths(segmentation.at("counts").get<std::string>(),
                                            segmentation.at("size").at(0).get<int64_t>(),
                                            segmentation.at("size").at(1).get<int64_t>())
                                .value();
    const int64_t differing =
        Area(object.mask) + Area(mask) - 2 * IntersectionArea(object.mask, mask);
    EXPECT_LE(differing, 2) << "object " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, MaskRcnnGoldenTest,
                         ::testing::Values("d1_exact", "d1_official", "d3"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace localmamba
