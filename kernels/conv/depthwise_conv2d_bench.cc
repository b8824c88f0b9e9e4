// GFLOP/s and GB/s of the 3x3 depthwise convolution with SiLU in the stages of LocalVMamba-T. The
// bytes are one read of x and one write of y.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/conv/depthwise_conv2d.h"

namespace localmamba {
namespace {

void BenchmarkDepthwiseConv2d(benchmark::State& state) {
  const int64_t side = state.range(0);
  const int64_t channels = state.range(1);
  // x is the first half of the pair (x, z).
  const std::vector<float> xz(static_cast<size_t>(side * side * channels * 2), 0.5F);
  const std::vector<float> weight(static_cast<size_t>(channels * 9), 0.25F);
  const std::vector<float> bias(static_cast<size_t>(channels), 0.1F);
  std::vector<float> y(static_cast<size_t>(side * side * channels));
  const ConstTensorView pair(xz.data(), DType::kFloat32, {1, side, side, channels * 2});
  const DepthwiseConv2dArgs args{.x = pair.Slice(3, 0, channels),
                                 .weight = {weight.data(), DType::kFloat32, {channels, 3, 3}},
                                 .bias = {bias.data(), DType::kFloat32, {channels}},
                                 .activation = Activation::kSilu,
                                 .y = {y.data(), DType::kFloat32, {1, side, side, channels}}};
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = DepthwiseConv2d(args, stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  const auto elements = static_cast<double>(state.iterations() * side * side * channels);
  state.counters["FLOP/s"] = benchmark::Counter(elements * 18, benchmark::Counter::kIsRate);
  state.counters["B/s"] =
      benchmark::Counter(elements * 2 * sizeof(float), benchmark::Counter::kIsRate);
}
BENCHMARK(BenchmarkDepthwiseConv2d)
    ->ArgNames({"side", "D", "threads"})
    ->ArgsProduct({{56}, {192}, {1, 2}})
    ->ArgsProduct({{28}, {384}, {1, 2}})
    ->ArgsProduct({{14}, {768}, {1, 2}})
    ->ArgsProduct({{7}, {1536}, {1, 2}})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace localmamba
