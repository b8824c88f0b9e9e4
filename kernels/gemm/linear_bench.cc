// GFLOP/s of the matrix products of LocalVMamba-T (batch 1 and 8) and LocalVim-T.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/gemm/linear.h"
#include "kernels/gemm/linear_backward.h"

namespace localmamba {
namespace {

void BenchmarkLinear(benchmark::State& state) {
  const int64_t M = state.range(0);
  const int64_t N = state.range(1);
  const int64_t K = state.range(2);
  const std::vector<float> x(static_cast<size_t>(M * K), 0.5F);
  const std::vector<float> weight(static_cast<size_t>(N * K), 0.25F);
  const std::vector<float> bias(static_cast<size_t>(N), 0.1F);
  std::vector<float> y(static_cast<size_t>(M * N));
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(3)));
  const LinearArgs args{.x = {x.data(), DType::kFloat32, {M, K}},
                        .weight = {weight.data(), DType::kFloat32, {N, K}},
                        .bias = {bias.data(), DType::kFloat32, {N}},
                        .y = {y.data(), DType::kFloat32, {M, N}}};
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = Linear(args, stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  const double flops = 2.0 * static_cast<double>(M * N * K);
  state.counters["FLOP/s"] = benchmark::Counter(flops * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}
BENCHMARK(BenchmarkLinear)
    ->ArgNames({"M", "N", "K", "threads"})
    ->ArgsProduct({{3136}, {384}, {96}, {1, 2}})
    ->ArgsProduct({{3136}, {152}, {192}, {1, 2}})
    ->ArgsProduct({{784}, {768}, {192}, {1, 2}})
    ->ArgsProduct({{196}, {768}, {192}, {1, 2}})
    ->ArgsProduct({{196}, {1536}, {384}, {1, 2}})
    ->ArgsProduct({{49, 392}, {3072}, {768}, {1, 2}})
    ->ArgsProduct({{49, 392}, {768}, {1536}, {1, 2}})
    ->ArgsProduct({{1, 8}, {1000}, {768}, {1, 2}})
    ->UseRealTime();

// dx and dweight.
void BenchmarkLinearBackward(benchmark::State& state) {
  const int64_t M = state.range(0);
  const int64_t N = state.range(1);
  const int64_t K = state.range(2);
  const std::vector<float> x(static_cast<size_t>(M * K), 0.5F);
  const std::vector<float> weight(static_cast<size_t>(N * K), 0.25F);
  const std::vector<float> dy(static_cast<size_t>(M * N), 0.1F);
  std::vector<float> dx(x.size());
  std::vector<float> dweight(weight.size());
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(3)));
  const LinearBackwardArgs args{.x = {x.data(), DType::kFloat32, {M, K}},
                                .weight = {weight.data(), DType::kFloat32, {N, K}},
                                .dy = {dy.data(), DType::kFloat32, {M, N}},
                                .dx = {dx.data(), DType::kFloat32, {M, K}},
                                .dweight = {dweight.data(), DType::kFloat32, {N, K}}};
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = LinearBackward(args, stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  const double flops = 4.0 * static_cast<double>(M * N * K);
  state.counters["FLOP/s"] = benchmark::Counter(flops * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}
BENCHMARK(BenchmarkLinearBackward)
    ->ArgNames({"M", "N", "K", "threads"})
    ->ArgsProduct({{3136}, {384}, {96}, {1, 2}})
    ->ArgsProduct({{784}, {768}, {192}, {1, 2}})
    ->ArgsProduct({{392}, {768}, {1536}, {1, 2}})
    ->UseRealTime();

}  // namespace
}  // namespace localmamba
