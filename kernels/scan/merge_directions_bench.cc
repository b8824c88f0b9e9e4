// GB/s of merging four directions in the stages of LocalVMamba-T, with channel attention, and of
// its gradients. The bytes are one read of every direction and one write of y; backward one write
// of every direction more.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/scan/merge_directions.h"
#include "kernels/scan/merge_directions_backward.h"

namespace localmamba {
namespace {

void BenchmarkMergeDirections(benchmark::State& state) {
  constexpr int64_t kDirections = 4;
  const int64_t tokens = state.range(0);
  const int64_t channels = state.range(1);
  const bool supernet = state.range(2) != 0;
  const std::vector<float> o(static_cast<size_t>(kDirections * tokens * channels), 0.5F);
  const std::vector<float> channel(static_cast<size_t>(kDirections * channels), 0.25F);
  const std::vector<float> w(kDirections, 0.25F);
  std::vector<float> y(static_cast<size_t>(tokens * channels));
  MergeDirectionsArgs args{.o = {o.data(), DType::kFloat32, {kDirections, 1, tokens, channels}},
                           .channel = {channel.data(), DType::kFloat32, {kDirections, 1, channels}},
                           .y = {y.data(), DType::kFloat32, {1, tokens, channels}}};
  if (supernet) args.w = {w.data(), DType::kFloat32, {kDirections}};
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(3)));
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = MergeDirections(args, stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  state.counters["B/s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * (kDirections + 1) * tokens *
                                             channels * int64_t{sizeof(float)}),
                         benchmark::Counter::kIsRate);
}
BENCHMARK(BenchmarkMergeDirections)
    ->ArgNames({"L", "D", "supernet", "threads"})
    ->ArgsProduct({{3136}, {192}, {0, 1}, {1, 2}})
    ->ArgsProduct({{196}, {768}, {0, 1}, {1, 2}})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void BenchmarkMergeDirectionsBackward(benchmark::State& state) {
  constexpr int64_t kDirections = 4;
  const int64_t tokens = state.range(0);
  const int64_t channels = state.range(1);
  const bool supernet = state.range(2) != 0;
  const std::vector<float> o(static_cast<size_t>(kDirections * tokens * channels), 0.5F);
  const std::vector<float> channel(static_cast<size_t>(kDirections * channels), 0.25F);
  const std::vector<float> w(kDirections, 0.25F);
  const std::vector<float> dy(static_cast<size_t>(tokens * channels), 0.5F);
  std::vector<float> d_o(o.size());
  std::vector<float> dchannel(channel.size());
  std::vector<float> dw(w.size());
  const Shape shape = {kDirections, 1, tokens, channels};
  const Shape channel_shape = {kDirections, 1, channels};
  MergeDirectionsBackwardArgs args{.o = {o.data(), DType::kFloat32, shape},
                                   .channel = {channel.data(), DType::kFloat32, channel_shape},
                                   .dy = {dy.data(), DType::kFloat32, {1, tokens, channels}},
                                   .d_o = {d_o.data(), DType::kFloat32, shape},
                                   .dchannel = {dchannel.data(), DType::kFloat32, channel_shape}};
  if (supernet) {
    args.w = {w.data(), DType::kFloat32, {kDirections}};
    args.dw = {dw.data(), DType::kFloat32, {kDirections}};
  }
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(3)));
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = MergeDirectionsBackward(args, stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  state.counters["B/s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * (2 * kDirections + 1) * tokens *
                                             channels * int64_t{sizeof(float)}),
                         benchmark::Counter::kIsRate);
}
BENCHMARK(BenchmarkMergeDirectionsBackward)
    ->ArgNames({"L", "D", "supernet", "threads"})
    ->ArgsProduct({{3136}, {192}, {0, 1}, {1, 2}})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace localmamba
