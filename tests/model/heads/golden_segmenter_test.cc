// Small segmenters against what the official code computes (tests/golden/heads/README.md).
#include <gtest/gtest.h>

#include <string>

#include "model/heads/create_model.h"
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

class GoldenSegmenterTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenSegmenterTest, StagesAreThoseOfTheOfficialCode) {
  const std::string path = FindGoldenFile(GetParam() + ".safetensors", "heads");
  if (path.empty()) GTEST_SKIP() << "golden file is not here";
  const nlohmann::json golden_case = GoldenHeadCase(GetParam());
  const GoldenTensors tensors = *LoadGoldenTensors(path);
  // The input of a case is stored with the main case of its model.
  const std::string main = golden_case.at("model").get<std::string>() + "_whole.safetensors";
  const GoldenTensor input = LoadGoldenTensors(FindGoldenFile(main, "heads"))->at("input");
  const std::unique_ptr<Engine> engine = MakeEngine(golden_case);

  const auto output =
      engine->Run({input.f32.data(), DType::kFloat32, {1, 3, input.shape[1], input.shape[2]}});

  ASSERT_TRUE(output.ok()) << output.status();
  int compared = 0;
  for (const auto& [name, stage] : output->stages) {
    const auto expected = tensors.find(name);
    if (expected == tensors.end()) continue;
    SCOPED_TRACE(name);
    const bool backbone = name.starts_with("backbone.");
    ExpectStage(stage, expected->second, backbone ? 2e-4 : 3e-4);
    ++compared;
  }
  EXPECT_GE(compared, 4);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenSegmenterTest,
                         testing::Values("s1_whole", "s1_official", "s3_whole", "s3_official"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace localmamba
