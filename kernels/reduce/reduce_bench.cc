// GB/s of the reductions, counting each input and output once.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/reduce/adaptive_average_pool.h"
#include "kernels/reduce/cross_entropy.h"
#include "kernels/reduce/mean_tokens.h"
#include "kernels/reduce/softmax.h"
#include "kernels/reduce/sum_rows.h"
#include "kernels/reduce/top_k.h"

namespace localmamba {
namespace {

// Rows of 1000 logits without order.
std::vector<float> Logits(int64_t rows) {
  std::vector<float> x(static_cast<size_t>(rows * 1000));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 7919 % 1009) * 0.01F;
  return x;
}

void Report(benchmark::State& state, const absl::Status& status, int64_t floats) {
  if (!status.ok()) state.SkipWithError(status.ToString().c_str());
  state.SetBytesProcessed(state.iterations() * floats * static_cast<int64_t>(sizeof(float)));
}

void BenchmarkMeanTokens(benchmark::State& state) {
  const int64_t B = state.range(0);
  const int64_t L = state.range(1);
  const int64_t D = state.range(2);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<float> x(static_cast<size_t>(B * L * D));
  std::vector<float> y(static_cast<size_t>(B * D));
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = MeanTokens({x.data(), DType::kFloat32, {B, L, D}}, {y.data(), DType::kFloat32, {B, D}},
                        stream);
  }
  Report(state, status, B * L * D);
}
BENCHMARK(BenchmarkMeanTokens)->ArgNames({"B", "L", "D"})->Args({1, 196, 192})->Args({8, 49, 768});

void BenchmarkAdaptiveAveragePool(benchmark::State& state) {
  const int64_t side = state.range(0);
  const int64_t C = state.range(1);
  const int64_t bins = state.range(2);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<float> x(static_cast<size_t>(side * side * C));
  std::vector<float> y(static_cast<size_t>(bins * bins * C));
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = AdaptiveAveragePool({x.data(), DType::kFloat32, {1, side, side, C}},
                                 {y.data(), DType::kFloat32, {1, bins, bins, C}}, stream);
  }
  Report(state, status, side * side * C);
}
BENCHMARK(BenchmarkAdaptiveAveragePool)
    ->ArgNames({"side", "C", "bins"})
    ->Args({16, 768, 1})
    ->Args({16, 768, 6});

void BenchmarkSoftmax(benchmark::State& state) {
  const int64_t M = state.range(0);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<float> x = Logits(M);
  std::vector<float> y(x.size());
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = Softmax({x.data(), DType::kFloat32, {M, 1000}}, {y.data(), DType::kFloat32, {M, 1000}},
                     stream);
  }
  Report(state, status, 2 * M * 1000);
}
BENCHMARK(BenchmarkSoftmax)->ArgName("M")->Arg(1)->Arg(8);

void BenchmarkSumRows(benchmark::State& state) {
  const int64_t M = state.range(0);
  const int64_t P = state.range(1);
  const int64_t N = state.range(2);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<float> x(static_cast<size_t>(M * N));
  std::vector<float> y(static_cast<size_t>(P * N));
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status =
        SumRows({x.data(), DType::kFloat32, {M, N}}, {y.data(), DType::kFloat32, {P, N}}, stream);
  }
  Report(state, status, M * N);
}
BENCHMARK(BenchmarkSumRows)
    ->ArgNames({"M", "P", "N"})
    ->Args({8 * 3136, 1, 96})
    ->Args({8 * 49, 1, 768})
    ->Args({8 * 196, 196, 192});

void BenchmarkCrossEntropyBackward(benchmark::State& state) {
  const int64_t M = state.range(0);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<float> logits = Logits(M);
  const std::vector<float> targets(logits.size(), 0.001F);
  std::vector<float> dlogits(logits.size());
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = CrossEntropyBackward({.logits = {logits.data(), DType::kFloat32, {M, 1000}},
                                   .targets = {targets.data(), DType::kFloat32, {M, 1000}},
                                   .dlogits = {dlogits.data(), DType::kFloat32, {M, 1000}}},
                                  stream);
  }
  Report(state, status, 3 * M * 1000);
}
BENCHMARK(BenchmarkCrossEntropyBackward)->ArgName("M")->Arg(8);

void BenchmarkTopK(benchmark::State& state) {
  const int64_t M = state.range(0);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<float> x = Logits(M);
  std::vector<float> values(static_cast<size_t>(M * 5));
  std::vector<int32_t> indices(values.size());
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = TopK({x.data(), DType::kFloat32, {M, 1000}}, {values.data(), DType::kFloat32, {M, 5}},
                  {indices.data(), DType::kInt32, {M, 5}}, stream);
  }
  Report(state, status, M * 1000);
}
BENCHMARK(BenchmarkTopK)->ArgName("M")->Arg(1)->Arg(8);

}  // namespace
}  // namespace localmamba
