// FLOP/s of convolutions of maps: the fusion convolution of UPerNet at 512 x 512, its bottleneck,
// and the output convolution of a feature pyramid.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/conv/map_conv2d.h"

namespace localmamba {
namespace {

void BenchmarkMapConv2d(benchmark::State& state) {
  const int64_t side = state.range(0);
  const int64_t C = state.range(1);
  const int64_t O = state.range(2);
  const Shape in = {1, side, side, C};
  const Shape out = {1, side, side, O};
  const Shape kernel = {O, 3, 3, C};
  const std::vector<float> x(static_cast<size_t>(in.elements()), 0.5F);
  const std::vector<float> weight(static_cast<size_t>(kernel.elements()), 0.25F);
  const std::vector<float> bias(static_cast<size_t>(O), 0.125F);
  std::vector<float> y(static_cast<size_t>(out.elements()));
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(3)));
  const MapConv2dArgs args{.x = {x.data(), DType::kFloat32, in},
                           .weight = {weight.data(), DType::kFloat32, kernel},
                           .bias = {bias.data(), DType::kFloat32, {O}},
                           .window = {.pad = 1},
                           .activation = Activation::kRelu,
                           .y = {y.data(), DType::kFloat32, out}};
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = MapConv2d(args, stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  const double flops = 2.0 * static_cast<double>(side * side * kernel.elements());
  state.counters["FLOP/s"] = benchmark::Counter(flops * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}
BENCHMARK(BenchmarkMapConv2d)
    ->ArgNames({"side", "C", "O", "threads"})
    ->ArgsProduct({{128}, {2048}, {512}, {1, 2}})
    ->ArgsProduct({{16}, {2816}, {512}, {1, 2}})
    ->ArgsProduct({{50}, {256}, {256}, {1, 2}})
    ->UseRealTime();

}  // namespace
}  // namespace localmamba
