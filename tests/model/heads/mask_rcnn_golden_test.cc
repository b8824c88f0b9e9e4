// The golden detectors, stage by stage and from the image to the objects in it. Tolerances are those
// of tests/golden/heads/README.md, section 8.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/autograd/operations.h"
#include "model/vision/decode.h"
#include "model/vision/detected_objects.h"
#include "model/vision/keep_ratio.h"
#include "tests/model/heads/golden_detector.h"
#include "tests/support/backend.h"

namespace localmamba {
namespace {

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

struct GoldenDetectorCase {
  std::string name;  // of the golden case
  Backend backend;
};

void PrintTo(const GoldenDetectorCase& c, std::ostream* out) { *out << c.name << c.backend.name; }

std::vector<GoldenDetectorCase> GoldenDetectorCases(const std::vector<Backend>& backends) {
  std::vector<GoldenDetectorCase> cases;
  for (const char* name : {"d1_exact", "d1_official", "d3"}) {
    for (const Backend& backend : backends) cases.push_back({name, backend});
  }
  return cases;
}

class MaskRcnnGoldenTest : public ::testing::TestWithParam<GoldenDetectorCase> {
 protected:
  void SetUp() override {
    const std::string& name = GetParam().name;
    const std::string path = FindGoldenFile(absl::StrCat(name, ".safetensors"), "heads");
    if (path.empty()) GTEST_SKIP() << "the golden file of " << name << " is not here";
    const Backend& backend = GetParam().backend;
    const auto stream = Stream::Create(backend.device);
    if (!stream.ok()) GTEST_SKIP() << stream.status();
    golden_case_ = GoldenHeadCase(name);
    golden_ = LoadGoldenTensors(path).value();
    run_ = GoldenDetector::Create(golden_case_, {.device = backend.device, .dtype = backend.dtype});
    PrepareImage();
  }

  // The golden network's input from the image.
  void PrepareImage() {
    const std::string path =
        FindGoldenFile(golden_case_.at("image").at("file").get<std::string>(), "heads");
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    const DecodedImage image =
        DecodeImage({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, {}, *host_)
            .value();
    const nlohmann::json& scale = golden_case_.at("config").at("resize_scale");
    KeepRatioConfig config;
    config.long_side = std::max(scale.at(0).get<int64_t>(), scale.at(1).get<int64_t>());
    config.short_side = std::min(scale.at(0).get<int64_t>(), scale.at(1).get<int64_t>());
    if (golden_case_.at("config").at("style") == "D3") config.pad_side = config.long_side;
    prepared_ = ResizeKeepRatio(config, {}, image.pixels, *host_, cpu_).value();
  }

  [[nodiscard]] std::vector<double> PreparedInput() const {
    const float* data = prepared_.input.data<float>();
    return {data, data + prepared_.input.elements()};
  }
  [[nodiscard]] Value Input() const {
    const Shape& shape = prepared_.input.shape();
    const float* data = prepared_.input.data<float>();
    return run_.OnDevice({data, data + shape.elements()}, {1, shape[0], shape[1], shape[2]},
                         run_.dtype);
  }
  absl::StatusOr<NetworkOutput> Forward(bool stages) {
    return run_.Forward(Input(), {prepared_.geometry.limit_height, prepared_.geometry.limit_width},
                        stages);
  }

  void ExpectMaps(const NetworkOutput& output, const std::string& prefix, double tolerance) {
    for (const auto& [name, map] : output.stages) {
      const auto expected = golden_.find(name);
      if (!absl::StartsWith(name, prefix) || expected == golden_.end()) continue;
      SCOPED_TRACE(name);
      ExpectNear(run_.Fetch(map), Doubles(expected->second.f32), tolerance);
    }
  }

  nlohmann::json golden_case_;
  GoldenTensors golden_;
  GoldenDetector run_;
  std::unique_ptr<Allocator> host_ = CreateDeviceAllocator(Device::Cpu()).value();
  Stream cpu_ = Stream::Create(Device::Cpu(), 1).value();
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
  ExpectNear(PreparedInput(), Doubles(input->second.f32), 1e-5);
}

TEST_P(MaskRcnnGoldenTest, AgreesAtEveryStage) {
  const auto output = Forward(/*stages=*/true);
  ASSERT_TRUE(output.ok()) << output.status();
  ExpectMaps(*output, "backbone.", 2e-4);
  ExpectMaps(*output, "fpn.", 3e-4);
  ExpectMaps(*output, "rpn_cls.", 3e-4);
  ExpectMaps(*output, "rpn_reg.", 3e-4);

  const GoldenTensor& scores = golden_.at("proposals.scores");
  const auto count =
      static_cast<size_t>(run_.Fetch(StageNamed(*output, "proposals.counts")).front());
  MatchAsSets(ScoredBoxes(run_.Fetch(StageNamed(*output, "proposals.boxes")),
                          run_.Fetch(StageNamed(*output, "proposals.scores")), {}, count),
              ScoredBoxes(Doubles(golden_.at("proposals.boxes").f32), Doubles(scores.f32), {},
                          scores.f32.size()),
              1e-4);
}

TEST_P(MaskRcnnGoldenTest, PredictsBoxesFromTheGoldenProposals) {
  const auto output = Forward(/*stages=*/true);
  ASSERT_TRUE(output.ok()) << output.status();
  OpContext context = run_.Context();
  Pyramid pyramid;
  for (int level = 0; level < 5; ++level) {
    const Value& map = StageNamed(*output, absl::StrCat("fpn.", level));
    const int64_t H = map.dim(2);
    const int64_t W = map.dim(3);
    const auto tokens =
        ops::TransposeTokens(context, ops::Reshape(context, map, {1, map.dim(1), H * W}));
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    pyramid.push_back(
        {ops::Reshape(context, *tokens, {1, H, W, map.dim(1)}), static_cast<float>(4 << level)});
  }
  const GoldenTensor& boxes = golden_.at("proposals.boxes");
  const auto predictions = run_.detector->box_head().Forward(
      context, pyramid, run_.OnDevice(boxes.f32, {1, boxes.shape[0], 4}), Value());
  ASSERT_TRUE(predictions.ok()) << predictions.status();
  ExpectNear(run_.Fetch(predictions->logits), Doubles(golden_.at("box_head.logits").f32), 2e-3);
  ExpectNear(run_.Fetch(predictions->deltas), Doubles(golden_.at("box_head.deltas").f32), 2e-3);
}

TEST_P(MaskRcnnGoldenTest, FindsTheObjects) {
  const auto output = Forward(/*stages=*/false);
  ASSERT_TRUE(output.ok()) << output.status();
  const Detections& detections = *output->detections;
  const auto count = static_cast<size_t>(run_.Fetch(detections.counts).front());
  const std::vector<double> boxes = run_.Fetch(detections.boxes);
  const std::vector<double> scores = run_.Fetch(detections.scores);
  const std::vector<double> classes = run_.Fetch(detections.classes);
  const std::vector<double> masks = run_.Fetch(detections.mask_logits);
  const std::vector<int32_t> labels(classes.begin(),
                                    classes.begin() + static_cast<std::ptrdiff_t>(count));
  const GoldenTensor& expected_scores = golden_.at("detections.scores");
  const std::vector<size_t> matches = MatchAsSets(
      ScoredBoxes(boxes, scores, labels, count),
      ScoredBoxes(Doubles(golden_.at("detections.boxes_network").f32), Doubles(expected_scores.f32),
                  golden_.at("detections.labels").i32, expected_scores.f32.size()),
      2e-4);
  ASSERT_FALSE(HasFailure());

  const auto cells = static_cast<std::ptrdiff_t>(kMaskSize * kMaskSize);
  const auto mask_logits = golden_.find("detections.mask_logits");
  for (size_t i = 0; i < matches.size() && mask_logits != golden_.end(); ++i) {
    const auto found = masks.begin() + static_cast<std::ptrdiff_t>(matches[i]) * cells;
    const auto expected = mask_logits->second.f32.begin() + static_cast<std::ptrdiff_t>(i) * cells;
    ExpectNear({found, found + cells}, {expected, expected + cells}, 5e-3);
  }

  const std::vector<float> float_boxes(boxes.begin(), boxes.end());
  const std::vector<float> float_scores(scores.begin(), scores.end());
  const std::vector<float> float_masks(masks.begin(), masks.end());
  const auto rows = static_cast<int64_t>(count);
  const auto objects = FindObjects(
      {.count = rows,
       .boxes = {float_boxes.data(), DType::kFloat32, {rows, 4}},
       .scores = {float_scores.data(), DType::kFloat32, {rows}},
       .classes = {labels.data(), DType::kInt32, {rows}},
       .mask_logits = {float_masks.data(), DType::kFloat32, {rows, kMaskSize, kMaskSize}}},
      prepared_.geometry, cpu_);
  ASSERT_TRUE(objects.ok()) << objects.status();
  std::ifstream file(FindGoldenFile(absl::StrCat(GetParam().name, "_results.json"), "heads"));
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
                         ::testing::ValuesIn(GoldenDetectorCases(Float32Backends())),
                         [](const auto& info) {
                           return info.param.name + info.param.backend.name;
                         });

}  // namespace
}  // namespace localmamba
