// GB/s of the element-by-element operations, counting each input and output once.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/elementwise/add.h"
#include "kernels/elementwise/insert_token.h"
#include "kernels/elementwise/transpose_tokens.h"
#include "kernels/elementwise/unary.h"
#include "kernels/elementwise/unary_backward.h"

namespace localmamba {
namespace {

void Report(benchmark::State& state, const absl::Status& status, int64_t floats) {
  if (!status.ok()) state.SkipWithError(status.ToString().c_str());
  state.SetBytesProcessed(state.iterations() * floats * static_cast<int64_t>(sizeof(float)));
}

void BenchmarkUnary(benchmark::State& state) {
  const auto function = static_cast<UnaryFunction>(state.range(0));
  const int64_t count = state.range(1);
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  const std::vector<float> x(static_cast<size_t>(count), 0.5F);
  std::vector<float> y(x.size());
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = Unary(function, {x.data(), DType::kFloat32, {count}},
                   {y.data(), DType::kFloat32, {count}}, stream);
  }
  Report(state, status, 2 * count);
}
BENCHMARK(BenchmarkUnary)
    ->ArgNames({"function", "count", "threads"})
    ->ArgsProduct({{static_cast<int64_t>(UnaryFunction::kSilu),
                    static_cast<int64_t>(UnaryFunction::kGelu),
                    static_cast<int64_t>(UnaryFunction::kSoftplus)},
                   {3136 * 192},
                   {1, 2}})
    ->UseRealTime();

void BenchmarkUnaryBackward(benchmark::State& state) {
  const auto function = static_cast<UnaryFunction>(state.range(0));
  const int64_t count = state.range(1);
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  const std::vector<float> x(static_cast<size_t>(count), 0.5F);
  std::vector<float> dy(x.size(), 0.25F);
  const TensorView gradient(dy.data(), DType::kFloat32, {count});
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status =
        UnaryBackward(function, {x.data(), DType::kFloat32, {count}}, gradient, gradient, stream);
  }
  Report(state, status, 3 * count);
}
BENCHMARK(BenchmarkUnaryBackward)
    ->ArgNames({"function", "count", "threads"})
    ->ArgsProduct({{static_cast<int64_t>(UnaryFunction::kSilu),
                    static_cast<int64_t>(UnaryFunction::kGelu)},
                   {3136 * 192},
                   {1, 2}})
    ->UseRealTime();

void BenchmarkAdd(benchmark::State& state) {
  const int64_t M = state.range(0);
  const int64_t N = state.range(1);
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  std::vector<float> a(static_cast<size_t>(M * N));
  const std::vector<float> b(a.size());
  const TensorView y(a.data(), DType::kFloat32, {M, N});
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = Add(y, {b.data(), DType::kFloat32, {M, N}}, y, stream);
  }
  Report(state, status, 3 * M * N);
}
BENCHMARK(BenchmarkAdd)
    ->ArgNames({"M", "N", "threads"})
    ->ArgsProduct({{3136}, {96}, {1, 2}})
    ->UseRealTime();

void BenchmarkInsertToken(benchmark::State& state) {
  const int64_t B = state.range(0);
  const int64_t D = state.range(1);
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  const std::vector<float> x(static_cast<size_t>(B * 196 * D));
  const std::vector<float> token(static_cast<size_t>(D));
  std::vector<float> y(static_cast<size_t>(B * 197 * D));
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status =
        InsertToken({x.data(), DType::kFloat32, {B, 196, D}}, {token.data(), DType::kFloat32, {D}},
                    98, {y.data(), DType::kFloat32, {B, 197, D}}, stream);
  }
  Report(state, status, 2 * B * 197 * D);
}
BENCHMARK(BenchmarkInsertToken)
    ->ArgNames({"batch", "D", "threads"})
    ->ArgsProduct({{1, 8}, {192}, {1, 2}})
    ->UseRealTime();

void BenchmarkTransposeTokens(benchmark::State& state) {
  const int64_t L = state.range(0);
  const int64_t D = state.range(1);
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  const std::vector<float> x(static_cast<size_t>(L * D));
  std::vector<float> y(x.size());
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = TransposeTokens({x.data(), DType::kFloat32, {1, L, D}},
                             {y.data(), DType::kFloat32, {1, D, L}}, stream);
  }
  Report(state, status, 2 * L * D);
}
BENCHMARK(BenchmarkTransposeTokens)
    ->ArgNames({"L", "D", "threads"})
    ->ArgsProduct({{3136}, {96}, {1, 2}})
    ->ArgsProduct({{49}, {768}, {1, 2}})
    ->UseRealTime();

}  // namespace
}  // namespace localmamba
