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

std::unique_ptr<Engine> MakeEngine(const nlohmann::json& golden_case) {
  auto model = CreateModel(GoldenBackboneConfig(golden_case), ConfigOf(golden_case));
  FillGoldenWeights(golden_case, (*model)->parameters());
  return *Engine::Create(*std::move(model), {.stages = true});
}

void ExpectStage(const Tensor& found, const GoldenTensor& expected, double tolerance) {
  ASSERT_EQ(found.elements(), expected.shape.elements());
  const absl::Span<const float> elements = Elements(found);
  for (size_t i = 0; i < elements.size(); ++i) {
    ASSERT_NEAR(elements[i], expected.f32[i], tolerance) << "element " << i;
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
  const GoldenTensor& expected = expected_.at("labels");
  ASSERT_EQ(labels->shape(), expected.shape);
  for (size_t i = 0; i < expected.i32.size(); ++i) {
    if (expected_.at("margin").f32[i] <= 1e-3F) continue;
    ASSERT_EQ(labels->data<int32_t>()[i], expected.i32[i]) << "pixel " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenSegmenterTest,
                         testing::Values("s1_whole", "s1_official", "s1_slide", "s3_whole",
                                         "s3_official"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace localmamba
