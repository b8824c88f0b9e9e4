// What only an engine with recorded graphs can get wrong. Skips where there is no GPU.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "kernels/device/buffer.h"
#include "kernels/device/device.h"
#include "model/engine/engine.h"
#include "tests/support/deterministic.h"
#include "tests/support/golden_network.h"

namespace localmamba {
namespace {

std::vector<float> Logits(Engine& engine, const Shape& shape) {
  const EngineOutput output = RunDeterministicInput(engine, shape);
  const absl::Span<const float> elements = Elements(output.logits);
  return {elements.begin(), elements.end()};
}

LocalVimConfig SmallVim() {
  LocalVimConfig config;
  config.scan.directions = {GoldenDirections({"h", "v_flip", "w2", "w7_flip"}),
                            GoldenDirections({"h_flip", "v", "w2_flip", "w7"})};
  config.image_height = 64;
  config.image_width = 64;
  config.patch_size = 4;
  config.embed_dim = 32;
  config.num_classes = 5;
  return config;
}

// The graph of the first size writes to memory that was free when the second size was recorded.
// What the network keeps for the second size (scan maps, resized tables) must not lie there.
TEST(GraphEngineTest, ImageSizesDoNotDisturbEachOther) {
  const absl::StatusOr<Device> device = Device::Parse("cuda");
  if (!device.ok()) GTEST_SKIP() << device.status();
  const std::unique_ptr<Engine> engine = DeterministicEngine(SmallVim(), {.device = *device});

  const Shape first{4, 3, 64, 64};
  const Shape second{1, 3, 40, 56};
  const std::vector<float> logits_of_first = Logits(*engine, first);
  const std::vector<float> logits_of_second = Logits(*engine, second);
  EXPECT_EQ(Logits(*engine, first), logits_of_first);
  EXPECT_EQ(Logits(*engine, second), logits_of_second);
}

TEST(GraphEngineTest, SizesThatWereForgottenAreRecordedAnew) {
  const absl::StatusOr<Device> device = Device::Parse("cuda");
  if (!device.ok()) GTEST_SKIP() << device.status();
  const std::unique_ptr<Engine> engine = DeterministicEngine(SmallVim(), {.device = *device});
  const Shape first{2, 3, 64, 64};
  const std::vector<float> logits = Logits(*engine, first);
  // More sizes than graphs, scan maps and tables are kept for.
  for (int64_t i = 1; i <= 130; ++i) Logits(*engine, {1, 3, 16, 4 * i});
  EXPECT_EQ(Logits(*engine, first), logits);
  engine->ReleaseMemory();
  EXPECT_EQ(Logits(*engine, first), logits);
}

TEST(GraphEngineTest, InstancesRecordAndRunAtOnce) {
  const absl::StatusOr<Device> device = Device::Parse("cuda");
  if (!device.ok()) GTEST_SKIP() << device.status();
  auto network = *CreateNetwork(SmallVim());
  FillDeterministic(network->parameters());
  const auto engines = *Engine::CreateInstances(std::move(network), {.device = *device}, 2);
  const std::vector<Shape> shapes = {{1, 3, 64, 64}, {2, 3, 40, 56}, {7, 3, 64, 64}};
  std::vector<std::vector<float>> expected;
  for (const Shape& shape : shapes) expected.push_back(Logits(*engines[0], shape));
  engines[0]->ReleaseMemory();
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Engine>& engine : engines) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < 100 * shapes.size(); ++i) {
        ASSERT_EQ(Logits(*engine, shapes[i % shapes.size()]), expected[i % shapes.size()]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(GraphEngineTest, ShortMemoryCostsGraphsAndThenLargeBatches) {
  const absl::StatusOr<Device> device = Device::Parse("cuda");
  if (!device.ok()) GTEST_SKIP() << device.status();
  const std::unique_ptr<Engine> engine = DeterministicEngine(SmallVim(), {.device = *device});
  const Shape small{1, 3, 64, 64};
  const std::vector<float> logits = Logits(*engine, small);
  const std::unique_ptr<Allocator> memory = *CreateDeviceAllocator(*device);
  std::vector<Buffer> taken;
  for (size_t bytes = size_t{16} << 30; bytes >= size_t{256} << 20; bytes /= 2) {
    for (absl::StatusOr<Buffer> buffer = memory->Allocate(bytes); buffer.ok();
         buffer = memory->Allocate(bytes)) {
      taken.push_back(*std::move(buffer));
    }
  }
  // 2048 images of 256x256 take 1.6 GB as floats alone.
  const std::vector<uint8_t> pixels(size_t{2048} * 256 * 256 * 3);
  const absl::Status status =
      engine->Run(ConstTensorView(pixels.data(), DType::kUInt8, {2048, 256, 256, 3})).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_THAT(status.message(), testing::HasSubstr("[2048,256,256,3]"));
  EXPECT_EQ(Logits(*engine, small), logits);
}

TEST(GraphEngineTest, ProfileTimesTheOperationsOfTheGraph) {
  const absl::StatusOr<Device> device = Device::Parse("cuda");
  if (!device.ok()) GTEST_SKIP() << device.status();
  const std::unique_ptr<Engine> engine = DeterministicEngine(SmallVim(), {.device = *device});
  const std::vector<uint8_t> pixels(size_t{3} * 64 * 64 * 3);
  const auto profile =
      engine->Profile(ConstTensorView(pixels.data(), DType::kUInt8, {3, 64, 64, 3}));
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->front().operation, "normalize_pixels");
  EXPECT_EQ(profile->back().layer, "output");
  for (const OperationProfile& operation : *profile) {
    EXPECT_GT(operation.time, absl::ZeroDuration()) << operation.operation;
    EXPECT_LT(operation.time, absl::Seconds(1)) << operation.operation;
  }
}

}  // namespace
}  // namespace localmamba
