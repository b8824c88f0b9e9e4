// The backward of the scan against the gradients of the official code.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "kernels/scan/selective_scan_backward.h"
#include "tests/support/golden.h"

namespace localmamba {
namespace {

class SelectiveScanBackwardGoldenTest : public testing::TestWithParam<nlohmann::json> {};

TEST_P(SelectiveScanBackwardGoldenTest, EqualsOfficialGradients) {
  const nlohmann::json& config = GetParam().at("config");
  const double tolerance = GetParam().at("tolerance").at("backward").get<double>();
  const auto loaded = LoadGoldenTensors(FindGoldenFile(GetParam().at("file").get<std::string>()));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const GoldenTensors& golden = *loaded;
  const auto batch = config.at("batch").get<int64_t>();
  const auto channels = config.at("dim").get<int64_t>();
  const auto length = config.at("seqlen").get<int64_t>();
  const auto states = config.at("d_state").get<int64_t>();
  const auto groups = config.at("groups").get<int64_t>();

  // Tokens with positions before channels; B and C as (b, L, groups * N).
  std::map<std::string, std::vector<float>> tokens;
  const auto flatten = [&](const GoldenTensor& tensor) {
    const int64_t width = tensor.shape.elements() / (batch * length);
    return SwapLastTwoDimensions({.shape = {batch, width, length}, .f32 = tensor.f32});
  };
  for (const char* name : {"u", "delta", "z", "B", "C", "dout"}) {
    if (golden.count(name) > 0) tokens[name] = flatten(golden.at(name));
  }
  std::map<std::string, std::vector<float>> found;
  for (const char* name : {"du", "ddelta", "dz", "dB", "dC", "dA", "dD", "ddelta_bias"}) {
    if (golden.count(name) > 0) found[name].resize(golden.at(name).f32.size());
  }
  // A group of channels that shares B and C is a direction of its own here.
  const auto slice = [&](std::map<std::string, std::vector<float>>& in, const char* name, int64_t g,
                         int64_t width) -> TensorView {
    if (in.count(name) == 0) return {};
    return TensorView(in[name].data(), DType::kFloat32, {batch, length, groups * width})
        .Slice(2, g * width, (g + 1) * width);
  };
  const auto parameter = [&](const char* name, int64_t g, int64_t size) -> ConstTensorView {
    if (golden.count(name) == 0) return {};
    return golden.at(name).view().Slice(0, g * size, (g + 1) * size);
  };
  const auto sums = [&](const char* name, int64_t g, int64_t size) -> TensorView {
    if (found.count(name) == 0) return {};
    return TensorView(found[name].data(), DType::kFloat32, golden.at(name).shape)
        .Slice(0, g * size, (g + 1) * size);
  };
  const int64_t width = channels / groups;
  std::vector<SelectiveScanBackwardDirection> directions;
  for (int64_t g = 0; g < groups; ++g) {
    directions.push_back({.u = slice(tokens, "u", g, width),
                          .delta = slice(tokens, "delta", g, width),
                          .B = slice(tokens, "B", g, states),
                          .C = slice(tokens, "C", g, states),
                          .z = slice(tokens, "z", g, width),
                          .delta_bias = parameter("delta_bias", g, width),
                          .A = parameter("A", g, width),
                          .D = parameter("D", g, width),
                          .dy = slice(tokens, "dout", g, width),
                          .du = slice(found, "du", g, width),
                          .dstep = slice(found, "ddelta", g, width),
                          .dB = slice(found, "dB", g, states),
                          .dC = slice(found, "dC", g, states),
                          .dz = slice(found, "dz", g, width),
                          .dA = sums("dA", g, width),
                          .dD = sums("dD", g, width),
                          .ddelta_bias = sums("ddelta_bias", g, width)});
  }
  Stream stream = *Stream::Create(Device::Cpu(), 2);
  const absl::Status status = SelectiveScanBackward(
      directions, {.delta_softplus = config.at("softplus").get<bool>()}, stream);

  ASSERT_TRUE(status.ok()) << status;
  for (const auto& [name, values] : found) {
    SCOPED_TRACE(name);
    GoldenTensor expected = golden.at(name);
    const bool of_tokens = name != "dA" && name != "dD" && name != "ddelta_bias";
    if (of_tokens) expected.f32 = flatten(expected);
    EXPECT_TRUE(MatchesGolden(values, expected, tolerance));
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, SelectiveScanBackwardGoldenTest,
                         testing::ValuesIn(GoldenCases("selective_scan")), [](const auto& info) {
                           return info.param.at("id").template get<std::string>();
                         });

}  // namespace
}  // namespace localmamba
