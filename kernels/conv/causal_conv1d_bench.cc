// GFLOP/s and GB/s of the causal convolution of LocalVim-T: four directions, width 4, SiLU. The
// bytes are one read of x per direction and one write of u.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/conv/causal_conv1d.h"
#include "kernels/scan/scan_order.h"

namespace localmamba {
namespace {

void BenchmarkCausalConv1d(benchmark::State& state) {
  constexpr int64_t kSide = 14;
  constexpr int64_t kTokens = kSide * kSide;
  constexpr int64_t kWidth = 4;
  const int64_t batch = state.range(0);
  const int64_t channels = state.range(1);
  // x is the first half of the pair (x, z).
  const std::vector<float> xz(static_cast<size_t>(batch * kTokens * channels * 2), 0.5F);
  const std::vector<float> weight(static_cast<size_t>(channels * kWidth), 0.25F);
  const std::vector<float> bias(static_cast<size_t>(channels), 0.1F);
  std::vector<std::vector<int32_t>> orders;
  for (const char* name : {"h", "v_flip", "w2", "w7_flip"}) {
    orders.push_back(
        MakeScanOrder(*ScanDirection::Parse(name), kSide, kSide, VerticalReverse::kExact).read);
  }
  std::vector<std::vector<float>> outputs(
      orders.size(), std::vector<float>(static_cast<size_t>(batch * kTokens * channels)));
  std::vector<CausalConv1dDirection> directions;
  for (size_t k = 0; k < orders.size(); ++k) {
    const ConstTensorView pair(xz.data(), DType::kFloat32, {batch, kTokens, channels * 2});
    directions.push_back({.x = pair.Slice(2, 0, channels),
                          .read = {orders[k].data(), DType::kInt32, {kTokens}},
                          .weight = {weight.data(), DType::kFloat32, {channels, kWidth}},
                          .bias = {bias.data(), DType::kFloat32, {channels}},
                          .u = {outputs[k].data(), DType::kFloat32, {batch, kTokens, channels}}});
  }
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = CausalConv1d(directions, Activation::kSilu, stream);
        !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  const auto elements = static_cast<double>(
      state.iterations() * static_cast<int64_t>(orders.size()) * batch * kTokens * channels);
  state.counters["FLOP/s"] = benchmark::Counter(elements * 2 * kWidth, benchmark::Counter::kIsRate);
  state.counters["B/s"] =
      benchmark::Counter(elements * 2 * sizeof(float), benchmark::Counter::kIsRate);
}
BENCHMARK(BenchmarkCausalConv1d)
    ->ArgNames({"batch", "D", "threads"})
    ->ArgsProduct({{1, 8}, {384, 768}, {1, 2}})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace localmamba
