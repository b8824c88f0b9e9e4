// Patch embeddings: FLOP/s, with the gather in the time. Patch merging: GB/s.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/conv/conv2d.h"
#include "kernels/conv/conv2d_backward.h"
#include "kernels/conv/space_to_depth.h"

namespace localmamba {
namespace {

void BenchmarkPatchEmbed(benchmark::State& state) {
  const int64_t B = state.range(0);
  const int64_t O = state.range(1);
  const int64_t patch = state.range(2);
  const int64_t cells = 224 / patch;
  const std::vector<float> x(static_cast<size_t>(B * 3 * 224 * 224), 0.5F);
  const std::vector<float> weight(static_cast<size_t>(O * 3 * patch * patch), 0.25F);
  std::vector<float> y(static_cast<size_t>(B * cells * cells * O));
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(3)));
  const Conv2dArgs args{.x = {x.data(), DType::kFloat32, {B, 3, 224, 224}},
                        .weight = {weight.data(), DType::kFloat32, {O, 3, patch, patch}},
                        .stride = patch,
                        .y = {y.data(), DType::kFloat32, {B, cells, cells, O}}};
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = Conv2d(args, stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  const double flops = 2.0 * static_cast<double>(args.y.elements() * 3 * patch * patch);
  state.counters["FLOP/s"] = benchmark::Counter(flops * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}
BENCHMARK(BenchmarkPatchEmbed)
    ->ArgNames({"batch", "width", "patch", "threads"})
    ->ArgsProduct({{1, 8}, {96}, {4}, {1, 2}})
    ->ArgsProduct({{1, 8}, {192}, {16}, {1, 2}})
    ->UseRealTime();

// dweight and dbias: training does not ask for the gradient of images.
void BenchmarkPatchEmbedBackward(benchmark::State& state) {
  const int64_t B = state.range(0);
  const int64_t O = state.range(1);
  const int64_t patch = state.range(2);
  const int64_t cells = 224 / patch;
  const Shape kernel = {O, 3, patch, patch};
  const std::vector<float> x(static_cast<size_t>(B * 3 * 224 * 224), 0.5F);
  const std::vector<float> weight(static_cast<size_t>(kernel.elements()), 0.25F);
  const std::vector<float> dy(static_cast<size_t>(B * cells * cells * O), 0.1F);
  std::vector<float> dweight(weight.size());
  std::vector<float> dbias(static_cast<size_t>(O));
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(3)));
  const Conv2dBackwardArgs args{.x = {x.data(), DType::kFloat32, {B, 3, 224, 224}},
                                .weight = {weight.data(), DType::kFloat32, kernel},
                                .stride = patch,
                                .dy = {dy.data(), DType::kFloat32, {B, cells, cells, O}},
                                .dweight = {dweight.data(), DType::kFloat32, kernel},
                                .dbias = {dbias.data(), DType::kFloat32, {O}}};
  for ([[maybe_unused]] auto iteration : state) {
    if (const absl::Status status = Conv2dBackward(args, stream); !status.ok()) {
      state.SkipWithError(status.ToString().c_str());
    }
  }
  const double flops = 2.0 * static_cast<double>(args.dy.elements() * 3 * patch * patch);
  state.counters["FLOP/s"] = benchmark::Counter(flops * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}
BENCHMARK(BenchmarkPatchEmbedBackward)
    ->ArgNames({"batch", "width", "patch", "threads"})
    ->ArgsProduct({{8}, {96}, {4}, {1, 2}})
    ->ArgsProduct({{8}, {192}, {16}, {1, 2}})
    ->UseRealTime();

void BenchmarkSpaceToDepth(benchmark::State& state) {
  const Shape from = {1, state.range(0), state.range(0), state.range(1)};
  const Shape to = {1, from[1] / 2, from[2] / 2, 4 * from[3]};
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  const std::vector<float> x(static_cast<size_t>(from.elements()));
  std::vector<float> y(x.size());
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status =
        SpaceToDepth({x.data(), DType::kFloat32, from}, {y.data(), DType::kFloat32, to}, stream);
  }
  if (!status.ok()) state.SkipWithError(status.ToString().c_str());
  state.SetBytesProcessed(state.iterations() * 2 * from.elements() *
                          static_cast<int64_t>(sizeof(float)));
}
BENCHMARK(BenchmarkSpaceToDepth)
    ->ArgNames({"side", "C", "threads"})
    ->ArgsProduct({{56}, {96}, {1, 2}})
    ->ArgsProduct({{14}, {384}, {1, 2}})
    ->UseRealTime();

}  // namespace
}  // namespace localmamba
