// GFLOP/s and GB/s of the 3x3 depthwise convolution with SiLU in the stages of LocalVMamba-T. The
// bytes are one read of x and one write of y.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/conv/depthwise_conv2d.h"
#include "kernels/conv/depthwise_conv2d_backward.h"

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

// All gradients. The bytes are one read of x and dy and one write of dx.
void BenchmarkDepthwiseConv2dBackward(benchmark::State& state) {
  const int64_t side = state.range(0);
  const int64_t channels = state.range(1);
  const Shape shape = {1, side, side, channels};
  const Shape kernel = {channels, 3, 3};
  const std::vector<float> x(static_cast<size_t>(shape.elements()), 0.5F);
  const std::vector<float> weight(static_cast<size_t>(kernel.elements()), 0.25F);
  const std::vector<float> bias(static_cast<size_t>(channels), 0.1F);
  const std::vector<float> dy(x.size(), 0.3F);
  std::vector<float> dx(x.size());
  std::vector<float> dweight(weight.size());
  std::vector<float> dbias(bias.size());
  const DepthwiseConv2dBackwardArgs args{.x = {x.data(), DType::kFloat32, shape},
                                         .weight = {weight.data(), DType::kFloat32, kernel},
                                         .bias = {bias.data(), DType::kFloat32, {channels}},
                                         .activation = Activation::kSilu,
                                         .dy = {dy.data(), DType::kFloat32, shape},
                                         .dx = {dx.data(), DType::kFloat32, shape},
                                         .dweight = {dweight.data(), DType::kFloat32, kernel},
                                         .dbias = {dbias.data(), DType::kFloat32, {channels}}};
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = DepthwiseConv2dBackward(args, stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  const auto elements = static_cast<double>(state.iterations() * shape.elements());
  state.counters["FLOP/s"] = benchmark::Counter(elements * 54, benchmark::Counter::kIsRate);
  state.counters["B/s"] =
      benchmark::Counter(elements * 3 * sizeof(float), benchmark::Counter::kIsRate);
}
BENCHMARK(BenchmarkDepthwiseConv2dBackward)
    ->ArgNames({"side", "D", "threads"})
    ->ArgsProduct({{56}, {192}, {1, 2}})
    ->ArgsProduct({{28}, {384}, {1, 2}})
    ->ArgsProduct({{7}, {1536}, {1, 2}})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace localmamba
