// What only an engine with recorded graphs can get wrong. Skips where there is no GPU.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

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

// The graph of the first size writes to memory that was free when the second size was recorded.
// What the network keeps for the second size (scan maps, resized tables) must not lie there.
TEST(GraphEngineTest, ImageSizesDoNotDisturbEachOther) {
  const absl::StatusOr<Device> device = Device::Parse("cuda");
  if (!device.ok()) GTEST_SKIP() << device.status();
  LocalVimConfig config;
  config.scan.directions = {GoldenDirections({"h", "v_flip", "w2", "w7_flip"}),
                            GoldenDirections({"h_flip", "v", "w2_flip", "w7"})};
  config.image_height = 64;
  config.image_width = 64;
  config.patch_size = 4;
  config.embed_dim = 32;
  config.num_classes = 5;
  auto network = *CreateNetwork(config);
  FillDeterministic(network->parameters());
  EngineOptions options;
  options.device = *device;
  const std::unique_ptr<Engine> engine = *Engine::Create(std::move(network), options);

  const Shape first{4, 3, 64, 64};
  const Shape second{1, 3, 40, 56};
  const std::vector<float> logits_of_first = Logits(*engine, first);
  const std::vector<float> logits_of_second = Logits(*engine, second);
  EXPECT_EQ(Logits(*engine, first), logits_of_first);
  EXPECT_EQ(Logits(*engine, second), logits_of_second);
}

}  // namespace
}  // namespace localmamba
