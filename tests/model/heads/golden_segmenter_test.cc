// Small segmenters against what the official code computes (tests/golden/heads/README.md).
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/heads/create_model.h"
#include "model/heads/segment_image.h"
#include "model/vision/decode.h"
#include "model/vision/keep_ratio.h"
#include "model/weights/mapped_file.h"
#include "tests/support/backend.h"
#include "tests/support/golden.h"
#include "tests/support/golden_heads.h"
#include "tests/support/golden_network.h"

namespace localmamba {
namespace {

SegmentationConfig ConfigOf(const nlohmann::json& golden_case) {
  const nlohmann::json& golden = golden_case.at("config");
  SegmentationConfig config;
  config.num_classes = golden.at("num_classes").get<int64_t>();
  config.channels = golden.at("decode_head").at("channels").get<int64_t>();
  config.pool_scales = golden.at("decode_head").at("pool_scales").get<std::vector<int64_t>>();
  const nlohmann::json& auxiliary = golden.at("auxiliary_head");
  config.auxiliary = {.channels = auxiliary.at("channels").get<int64_t>(),
                      .input = auxiliary.at("input_index").get<int64_t>()};
  const nlohmann::json& test = golden.at("test");
  if (test.at("mode") == "slide") {
    config.slide = {.window_height = test.at("crop").at(0).get<int64_t>(),
                    .window_width = test.at("crop").at(1).get<int64_t>(),
                    .step_height = test.at("stride").at(0).get<int64_t>(),
                    .step_width = test.at("stride").at(1).get<int64_t>()};
  }
  return config;
}

std::unique_ptr<Engine> MakeEngine(const nlohmann::json& golden_case,
                                   const EngineOptions& options = {.stages = true}) {
  auto model = CreateModel(GoldenBackboneConfig(golden_case), ConfigOf(golden_case));
  FillGoldenWeights(golden_case, (*model)->parameters());
  return *Engine::Create(*std::move(model), options);
}

void ExpectStage(const Tensor& found, const GoldenTensor& expected, double tolerance) {
  ASSERT_EQ(found.elements(), expected.shape.elements());
  const absl::Span<const float> elements = Elements(found);
  for (size_t i = 0; i < elements.size(); ++i) {
    ASSERT_NEAR(elements[i], expected.f32[i], tolerance) << "element " << i;
  }
}

// Where the logits of the best two classes differ by more than `margin`.
void ExpectLabels(const Tensor& found, const GoldenTensors& golden, float margin) {
  const GoldenTensor& expected = golden.at("labels");
  ASSERT_EQ(found.shape(), expected.shape);
  for (size_t i = 0; i < expected.i32.size(); ++i) {
    if (golden.at("margin").f32[i] <= margin) continue;
    ASSERT_EQ(found.data<int32_t>()[i], expected.i32[i]) << "pixel " << i;
  }
}

// The image of a case as the network gets it.
absl::StatusOr<PreparedImage> Prepare(const nlohmann::json& golden_case, Allocator& memory,
                                      Stream& stream) {
  const std::string path =
      FindGoldenFile(golden_case.at("image").at("file").get<std::string>(), "heads");
  const std::shared_ptr<MappedFile> file = *MappedFile::Open(path);
  const absl::StatusOr<DecodedImage> image = DecodeImage(
      {reinterpret_cast<const uint8_t*>(file->bytes().data()), file->bytes().size()}, {}, memory);
  const nlohmann::json& scale = golden_case.at("config").at("resize_scale");
  return ResizeKeepRatio({.long_side = scale.at(0).get<int64_t>(),
                          .short_side = scale.at(1).get<int64_t>(),
                          .pad_divisor = 1},
                         {}, image->pixels, memory, stream);
}

class GoldenSegmenterTest : public testing::TestWithParam<std::string> {
 protected:
  GoldenSegmenterTest()
      : golden_case_(GoldenHeadCase(GetParam())),
        expected_(*LoadGoldenTensors(FindGoldenFile(GetParam() + ".safetensors", "heads"))),
        memory_(*CreateDeviceAllocator(Device::Cpu())),
        stream_(*Stream::Create(Device::Cpu(), 2)) {}

  nlohmann::json golden_case_;
  GoldenTensors expected_;
  std::unique_ptr<Allocator> memory_;
  Stream stream_;
};

TEST_P(GoldenSegmenterTest, EveryStageIsThatOfTheOfficialCode) {
  const std::unique_ptr<Engine> engine = MakeEngine(golden_case_);
  const auto image = Prepare(golden_case_, *memory_, stream_);
  ASSERT_TRUE(image.ok()) << image.status();
  const Tensor& input = image->input;

  const auto output = engine->Run(input.Reshape({1, 3, input.dim(1), input.dim(2)}));

  ASSERT_TRUE(output.ok()) << output.status();
  std::vector<std::pair<std::string, Tensor>> stages = output->stages;
  stages.emplace_back("input", input);
  for (const auto& [name, stage] : stages) {
    const auto expected = expected_.find(name);
    if (expected == expected_.end()) continue;  // equals that of another case
    SCOPED_TRACE(name);
    const double tolerance = name == "input" ? 1e-5 : name.starts_with("backbone") ? 2e-4 : 3e-4;
    ExpectStage(stage, expected->second, tolerance);
  }
}

TEST_P(GoldenSegmenterTest, LabelsAreThoseOfTheOfficialCode) {
  const std::unique_ptr<Engine> engine = MakeEngine(golden_case_);
  const auto image = Prepare(golden_case_, *memory_, stream_);
  ASSERT_TRUE(image.ok()) << image.status();
  const Tensor& input = image->input;

  const auto logits = SegmentInput(*engine, input.Reshape({1, 3, input.dim(1), input.dim(2)}),
                                   ConfigOf(golden_case_).slide, stream_);
  ASSERT_TRUE(logits.ok()) << logits.status();
  const auto source_logits = SourceLogits(*logits, image->geometry, stream_);
  ASSERT_TRUE(source_logits.ok()) << source_logits.status();
  const auto labels = LabelMap(*logits, image->geometry, stream_);
  ASSERT_TRUE(labels.ok()) << labels.status();

  // Of rows 3, 11, 19, ... and columns 2, 10, 18, ....
  const GoldenTensor& strided = expected_.at("source_logits_strided");
  const float* found = source_logits->data<float>();
  const int64_t width = source_logits->dim(2);
  const int64_t classes = strided.shape[0];
  for (int64_t i = 0; i < strided.shape.elements(); ++i) {
    const int64_t row = 3 + 8 * (i / strided.shape[2] % strided.shape[1]);
    const int64_t column = 2 + 8 * (i % strided.shape[2]);
    const int64_t c = i / (strided.shape[1] * strided.shape[2]);
    ASSERT_NEAR(found[(row * width + column) * classes + c], strided.f32[static_cast<size_t>(i)],
                3e-4)
        << "class " << c << " at " << row << ", " << column;
  }
  ExpectLabels(*labels, expected_, 1e-3F);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenSegmenterTest,
                         testing::Values("s1_whole", "s1_official", "s1_slide", "s3_whole",
                                         "s3_official"),
                         [](const auto& info) { return info.param; });

// The engine's own label maps, on every device and in every dtype.
class GoldenLabelMapTest : public BackendTest<OnlyCase> {};

TEST_P(GoldenLabelMapTest, LabelsAreThoseOfTheOfficialCode) {
  const nlohmann::json golden_case = GoldenHeadCase(test_case().name);
  const GoldenTensors expected =
      *LoadGoldenTensors(FindGoldenFile(test_case().name + ".safetensors", "heads"));
  const std::unique_ptr<Allocator> memory = *CreateDeviceAllocator(Device::Cpu());
  Stream cpu = *Stream::Create(Device::Cpu(), 2);
  const auto image = Prepare(golden_case, *memory, cpu);
  ASSERT_TRUE(image.ok()) << image.status();
  const Tensor& input = image->input;
  const std::unique_ptr<Engine> engine = MakeEngine(
      golden_case, {.device = backend().device, .dtype = backend().dtype, .cpu_threads = 2});
  const std::vector<int32_t> size = {static_cast<int32_t>(image->geometry.source_height),
                                     static_cast<int32_t>(image->geometry.source_width)};

  const auto output =
      engine->Segment(input.Reshape({1, 3, input.dim(1), input.dim(2)}),
                      {.label_sizes = {size.data(), DType::kInt32, {1, 2}}, .confidence = true});

  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_EQ(output->label_maps.size(), 1U);
  const auto& [labels, confidence] = output->label_maps[0];
  // Logits are about 1. A pass in 16 bits rounds them by some units of Roundoff().
  ExpectLabels(labels, expected, static_cast<float>(1e-3 + 100 * Roundoff()));
  ASSERT_EQ(confidence.shape(), labels.shape());
  const double classes = golden_case.at("config").at("num_classes").get<double>();
  for (const float one : Elements(confidence)) {
    ASSERT_GE(one, 1 / classes - 1e-5);
    ASSERT_LE(one, 1 + 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, GoldenLabelMapTest,
    testing::Combine(testing::ValuesIn(Backends()),
                     testing::Values(OnlyCase{"s1_whole"}, OnlyCase{"s1_official"},
                                     OnlyCase{"s3_whole"}, OnlyCase{"s3_official"})),
    BackendCaseName);

}  // namespace
}  // namespace localmamba
