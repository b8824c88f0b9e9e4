// The scan against the values of the official code: forward outputs and last states.
#include <gtest/gtest.h>

#include <string>

#include "kernels/scan/selective_scan.h"
#include "tests/support/golden.h"

namespace localmamba {
namespace {

class SelectiveScanGoldenTest : public testing::TestWithParam<nlohmann::json> {};

TEST_P(SelectiveScanGoldenTest, EqualsOfficialValues) {
  const nlohmann::json& config = GetParam().at("config");
  const double tolerance = GetParam().at("tolerance").at("forward").get<double>();
  const auto loaded = LoadGoldenTensors(FindGoldenFile(GetParam().at("file").get<std::string>()));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const GoldenTensors& golden = *loaded;
  const auto batch = config.at("batch").get<int64_t>();
  const auto channels = config.at("dim").get<int64_t>();
  const auto length = config.at("seqlen").get<int64_t>();
  const auto states = config.at("d_state").get<int64_t>();
  const auto groups = config.at("groups").get<int64_t>();

  // Storage with positions before channels; B and C as (b, L, groups * N).
  std::map<std::string, std::vector<float>> storage;
  for (const char* name : {"u", "delta", "z", "B", "C"}) {
    const auto found = golden.find(name);
    if (found == golden.end()) continue;
    const int64_t width = found->second.shape.elements() / (batch * length);
    storage[name] =
        SwapLastTwoDimensions({.shape = {batch, width, length}, .f32 = found->second.f32});
  }
  std::vector<float> y(static_cast<size_t>(batch * length * channels));
  std::vector<float> last_state(static_cast<size_t>(batch * channels * states));
  const auto view = [&](const char* name, int64_t group, int64_t width) -> ConstTensorView {
    const auto found = storage.find(name);
    if (found == storage.end()) return {};
    return ConstTensorView(found->second.data(), DType::kFloat32, {batch, length, groups * width})
        .Slice(2, group * width, (group + 1) * width);
  };
  const auto parameter = [&](const char* name, int64_t group, int64_t size) -> ConstTensorView {
    const auto found = golden.find(name);
    if (found == golden.end()) return {};
    return found->second.view().Slice(0, group * size, (group + 1) * size);
  };

  // A group of channels that shares B and C is a direction of its own here.
  const int64_t width = channels / groups;
  std::vector<SelectiveScanDirection> directions;
  for (int64_t g = 0; g < groups; ++g) {
    const TensorView all_y(y.data(), DType::kFloat32, {batch, length, channels});
    const TensorView all_states(last_state.data(), DType::kFloat32, {batch, channels, states});
    directions.push_back({.u = view("u", g, width),
                          .delta = view("delta", g, width),
                          .B = view("B", g, states),
                          .C = view("C", g, states),
                          .z = view("z", g, width),
                          .delta_bias = parameter("delta_bias", g, width),
                          .A = parameter("A", g, width),
                          .D = parameter("D", g, width),
                          .y = all_y.Slice(2, g * width, (g + 1) * width),
                          .last_state = all_states.Slice(1, g * width, (g + 1) * width)});
  }
  Stream stream = *Stream::Create(Device::Cpu(), 2);
  const absl::Status status =
      SelectiveScan(directions, {.delta_softplus = config.at("softplus").get<bool>()}, stream);

  ASSERT_TRUE(status.ok()) << status;
  GoldenTensor expected = golden.at("out");
  expected.f32 = SwapLastTwoDimensions(expected);
  EXPECT_TRUE(MatchesGolden(y, expected, tolerance));
  EXPECT_TRUE(MatchesGolden(last_state, golden.at("last_state"), tolerance));
}

INSTANTIATE_TEST_SUITE_P(Golden, SelectiveScanGoldenTest,
                         testing::ValuesIn(GoldenCases("selective_scan")), [](const auto& info) {
                           return info.param.at("id").template get<std::string>();
                         });

}  // namespace
}  // namespace localmamba
