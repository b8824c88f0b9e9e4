#include "model/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "model/engine/batch_buckets.h"
#include "model/networks/complexity.h"
#include "tests/support/deterministic.h"
#include "tests/support/golden_network.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

LocalVimConfig SmallVim() {
  LocalVimConfig config;
  config.scan.directions = {GoldenDirections({"h", "v_flip", "w2", "w2_flip"}),
                            GoldenDirections({"h_flip", "v", "w7", "w7_flip"})};
  config.image_height = 32;
  config.image_width = 32;
  config.patch_size = 8;
  config.embed_dim = 32;
  config.num_classes = 5;
  return config;
}

LocalVimConfig SmallClassTokenVim() {
  LocalVimConfig config = SmallVim();
  config.rope = false;
  config.middle_class_token = true;
  return config;
}

LocalVMambaConfig SmallVMamba() {
  LocalVMambaConfig config;
  config.scan.directions = {GoldenDirections({"h", "h_flip", "w7", "w7_flip"}),
                            GoldenDirections({"v", "w2_flip"})};
  config.dims = {16, 32};
  config.depths = {1, 1};
  config.num_classes = 5;
  return config;
}

struct SmallNetwork {
  std::string name;
  NetworkConfig config;
};

class EngineTest : public testing::TestWithParam<SmallNetwork> {
 protected:
  std::unique_ptr<Engine> engine_ = DeterministicEngine(GetParam().config, {.cpu_threads = 2});
};

std::vector<float> Values(const Tensor& tensor) {
  const absl::Span<const float> elements = Elements(tensor);
  return {elements.begin(), elements.end()};
}

TEST_P(EngineTest, TheSameInputGivesTheSameBits) {
  const Shape shape{2, 3, 32, 32};
  const std::vector<float> first = Values(RunDeterministicInput(*engine_, shape).logits);
  RunDeterministicInput(*engine_, {1, 3, 48, 40});
  EXPECT_EQ(Values(RunDeterministicInput(*engine_, shape).logits), first);
}

TEST_P(EngineTest, ImagesOfABatchDoNotInfluenceEachOther) {
  const int64_t elements = 3 * 32 * 32;
  std::vector<float> input = DeterministicInput("input", 3 * elements);
  const ConstTensorView view(input.data(), DType::kFloat32, {3, 3, 32, 32});
  const EngineOutput before = *engine_->Run(view);
  // Not even through NaN, which a product with zero would let through.
  std::fill(input.begin() + elements, input.begin() + 2 * elements,
            std::numeric_limits<float>::quiet_NaN());
  const EngineOutput after = *engine_->Run(view);
  for (const int64_t image : {0, 2}) {
    EXPECT_EQ(Values(after.logits.Select(0, image)), Values(before.logits.Select(0, image)));
  }
  EXPECT_TRUE(std::isnan(after.logits.Select(0, 1).data<float>()[0]));
}

TEST_P(EngineTest, AnImageGetsTheSameAnswerInEveryBatch) {
  const std::vector<float> input = DeterministicInput("input", 3 * 3 * 32 * 32);
  const ConstTensorView view(input.data(), DType::kFloat32, {3, 3, 32, 32});
  const EngineOutput together = *engine_->Run(view);
  for (int64_t image = 0; image < 3; ++image) {
    const EngineOutput alone = *engine_->Run(view.Slice(0, image, image + 1));
    // Products may be blocked differently, so sums may be rounded differently.
    EXPECT_THAT(Values(together.logits.Select(0, image)),
                testing::Pointwise(testing::FloatNear(1e-5F), Values(alone.logits)));
  }
}

TEST_P(EngineTest, AnyImageSizeWorks) {
  for (const Shape& shape :
       {Shape{1, 3, 29, 44}, Shape{2, 3, 64, 17}, Shape{1, 3, 8, 8}, Shape{1, 3, 5, 131}}) {
    const EngineOutput output = RunDeterministicInput(*engine_, shape);
    EXPECT_EQ(output.logits.shape(), Shape({shape[0], 5}));
    EXPECT_THAT(Values(output.logits),
                testing::Each(testing::Truly([](float logit) { return std::isfinite(logit); })))
        << shape.ToString();
  }
}

TEST_P(EngineTest, PixelsAreNormalizedLikeTheOfficialEvaluation) {
  std::vector<uint8_t> pixels(32 * 32 * 3);
  std::vector<float> normalized(pixels.size());
  const PixelNormalization normalization;
  for (size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<uint8_t>(i * 37 % 256);
    const size_t channel = i % 3;
    normalized[channel * 32 * 32 + i / 3] =
        (static_cast<float>(pixels[i]) / 255 - normalization.mean[channel]) /
        normalization.std[channel];
  }
  const auto from_pixels =
      engine_->Run(ConstTensorView(pixels.data(), DType::kUInt8, {1, 32, 32, 3}));
  ASSERT_TRUE(from_pixels.ok()) << from_pixels.status();
  const auto from_floats =
      engine_->Run(ConstTensorView(normalized.data(), DType::kFloat32, {1, 3, 32, 32}));
  EXPECT_THAT(Values(from_pixels->logits),
              testing::Pointwise(testing::FloatNear(1e-5F), Values(from_floats->logits)));
}

TEST_P(EngineTest, MemoryDoesNotGrowWithRepetition) {
  const size_t peak = RunDeterministicInput(*engine_, {2, 3, 40, 32}).activation_bytes;
  EXPECT_GT(peak, 0U);
  EXPECT_LT(RunDeterministicInput(*engine_, {1, 3, 40, 32}).activation_bytes, peak);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(RunDeterministicInput(*engine_, {2, 3, 40, 32}).activation_bytes, peak);
  }
}

TEST_P(EngineTest, ProfileNamesEveryLayerOfTheComplexityThatMultiplies) {
  const std::vector<float> input = DeterministicInput("input", 2 * 3 * 32 * 32);
  const ConstTensorView view(input.data(), DType::kFloat32, {2, 3, 32, 32});
  const auto profile = engine_->Profile(view);
  ASSERT_TRUE(profile.ok()) << profile.status();
  std::set<std::string> layers;
  for (const OperationProfile& operation : *profile) {
    layers.insert(operation.layer);
    EXPECT_GT(operation.bytes, 0) << operation.layer << " " << operation.operation;
    EXPECT_GT(operation.time, absl::ZeroDuration()) << operation.operation;
  }
  const Complexity complexity = *CountComplexity(GetParam().config, 32, 32);
  for (const LayerComplexity& layer : complexity.layers) {
    EXPECT_TRUE(layer.macs == 0 || layers.contains(layer.name)) << layer.name;
  }
}

TEST_P(EngineTest, ResultsOutliveTheEngine) {
  const EngineOutput output = RunDeterministicInput(*engine_, {1, 3, 32, 32});
  const std::vector<float> logits = Values(output.logits);
  engine_.reset();
  EXPECT_EQ(Values(output.logits), logits);
  EXPECT_EQ(output.pooled.dim(1), 32);
}

TEST_P(EngineTest, RejectsWhatIsNotAnImage) {
  const std::vector<float> values(4 * 32 * 32);
  const auto run = [&](const ConstTensorView& view) { return engine_->Run(view).status(); };
  for (const ConstTensorView& view :
       {ConstTensorView(), ConstTensorView(values.data(), DType::kFloat32, {3, 32, 32}),
        ConstTensorView(values.data(), DType::kFloat32, {1, 4, 32, 32}),
        ConstTensorView(values.data(), DType::kInt32, {1, 3, 32, 32}),
        ConstTensorView(values.data(), DType::kUInt8, {1, 3, 32, 32}),
        ConstTensorView(values.data(), DType::kFloat32, {0, 3, 32, 32}),
        ConstTensorView(values.data(), DType::kFloat32, {1, 3, 0, 32})}) {
    EXPECT_EQ(run(view).code(), absl::StatusCode::kInvalidArgument) << run(view);
    EXPECT_THAT(run(view).message(), HasSubstr(Describe(view)));
  }
}

TEST_P(EngineTest, InstancesRunAtOnceAndShareTheNetwork) {
  auto network = *CreateNetwork(GetParam().config);
  FillDeterministic(network->parameters());
  const std::vector<std::unique_ptr<Engine>> engines =
      *Engine::CreateInstances(std::move(network), {.cpu_threads = 2}, 3);
  ASSERT_EQ(engines.size(), 3U);
  EXPECT_EQ(&engines[0]->network(), &engines[2]->network());
  const std::vector<Shape> shapes = {{1, 3, 32, 32}, {2, 3, 40, 24}, {1, 3, 24, 56}};
  std::vector<std::vector<float>> expected;
  for (const Shape& shape : shapes) {
    expected.push_back(Values(RunDeterministicInput(*engine_, shape).logits));
  }
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Engine>& engine : engines) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < 4 * shapes.size(); ++i) {
        const size_t s = i % shapes.size();
        EXPECT_THAT(Values(RunDeterministicInput(*engine, shapes[s]).logits),
                    testing::Pointwise(testing::FloatNear(1e-5F), expected[s]));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(BatchBucketsTest, HoldEveryBatchOnceLargestFirst) {
  EXPECT_THAT(BatchBuckets(1), testing::ElementsAre(1));
  EXPECT_THAT(BatchBuckets(3), testing::ElementsAre(3, 2, 1));
  EXPECT_THAT(BatchBuckets(5), testing::ElementsAre(6, 4, 3, 2, 1));
  EXPECT_THAT(BatchBuckets(64), testing::ElementsAre(64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1));
  for (int64_t batch = 1; batch <= 200; ++batch) EXPECT_GE(BatchBucketFor(batch), batch);
}

INSTANTIATE_TEST_SUITE_P(All, EngineTest,
                         testing::Values(SmallNetwork{"LocalVim", SmallVim()},
                                         SmallNetwork{"ClassToken", SmallClassTokenVim()},
                                         SmallNetwork{"LocalVMamba", SmallVMamba()}),
                         [](const auto& info) { return info.param.name; });

TEST(EngineCreateTest, RejectsHalfPrecisionOnTheCpu) {
  EngineOptions options;
  options.dtype = DType::kFloat16;
  const absl::Status status = Engine::Create(*CreateNetwork(SmallVim()), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("f16 on cpu, wanted f32"));
}

TEST(EngineCreateTest, RejectsADeviceThatIsNotThere) {
  EngineOptions options;
  options.device = Device::Cuda(99);
  const absl::Status status = Engine::Create(*CreateNetwork(SmallVim()), options).status();
  // Which of the two depends on whether the build has CUDA kernels at all.
  EXPECT_THAT(status.code(), testing::AnyOf(absl::StatusCode::kUnimplemented,
                                            absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(status.message(), HasSubstr("cuda:99"));
}

TEST(EngineCreateTest, NamesTheParameterThatWasNotLoaded) {
  auto network = *CreateNetwork(SmallVim());
  FillDeterministic(network->parameters());
  network->parameters().Find("layers.1.mixer.D_2")->value = Value();
  const absl::Status status = Engine::Create(std::move(network), {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("layers.1.mixer.D_2"));
}

TEST(EngineOutputTest, HeadAndFeaturesComeTogether) {
  LocalVimConfig vim = SmallVim();
  vim.out_indices = {0, 1};
  LocalVMambaConfig vmamba = SmallVMamba();
  vmamba.out_indices = {1};
  for (const NetworkConfig& config : {NetworkConfig(vim), NetworkConfig(vmamba)}) {
    const auto engine = DeterministicEngine(config);
    const EngineOutput output = RunDeterministicInput(*engine, {2, 3, 40, 24});
    EXPECT_EQ(output.logits.shape(), Shape({2, 5}));
    EXPECT_EQ(output.features.back().shape(), Shape({2, 32, 5, 3}));
  }
}

TEST(EngineOutputTest, FeaturesLeaveTheClassTokenOut) {
  LocalVimConfig config = SmallClassTokenVim();
  config.out_indices = {1};
  const EngineOutput output = RunDeterministicInput(*DeterministicEngine(config), {2, 3, 40, 24});
  ASSERT_EQ(output.features.size(), 1U);
  EXPECT_EQ(output.features[0].shape(), Shape({2, 32, 5, 3}));
}

}  // namespace
}  // namespace localmamba
