// Input pixels (or GB) a second of the image operations.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/image/normalize_pixels.h"
#include "kernels/image/resize_antialiased.h"
#include "kernels/image/resize_argmax.h"
#include "kernels/image/resize_bicubic.h"
#include "kernels/image/resize_bilinear.h"
#include "kernels/image/resize_nearest.h"

namespace localmamba {
namespace {

void Report(benchmark::State& state, const absl::Status& status, int64_t pixels) {
  if (!status.ok()) state.SkipWithError(status.ToString().c_str());
  state.counters["pixels/s"] = benchmark::Counter(static_cast<double>(state.iterations() * pixels),
                                                  benchmark::Counter::kIsRate);
}

void BenchmarkResizeAntialiased(benchmark::State& state) {
  const Shape from = {state.range(0), state.range(1), 3};
  const Shape to = {256, 256 * from[1] / from[0], 3};
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  const std::vector<uint8_t> x(static_cast<size_t>(from.elements()), 100);
  std::vector<uint8_t> y(static_cast<size_t>(to.elements()));
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = ResizeAntialiased({x.data(), DType::kUInt8, from}, ResizeFilter::kBicubic,
                               {y.data(), DType::kUInt8, to}, stream);
  }
  Report(state, status, from[0] * from[1]);
}
BENCHMARK(BenchmarkResizeAntialiased)
    ->ArgNames({"height", "width", "threads"})
    ->ArgsProduct({{427}, {640}, {1, 2}})
    ->ArgsProduct({{3000}, {4000}, {1, 2}})
    ->UseRealTime();

void BenchmarkNormalizePixels(benchmark::State& state) {
  const int64_t B = state.range(0);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<uint8_t> x(static_cast<size_t>(B * 224 * 224 * 3), 100);
  std::vector<float> y(x.size());
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = NormalizePixels({x.data(), DType::kUInt8, {B, 224, 224, 3}}, {},
                             {y.data(), DType::kFloat32, {B, 3, 224, 224}}, stream);
  }
  Report(state, status, B * 224 * 224);
}
BENCHMARK(BenchmarkNormalizePixels)->ArgName("batch")->Arg(1);

void BenchmarkResizeBicubic(benchmark::State& state) {
  const Shape from = {14, 14, state.range(0)};
  const Shape to = {32, 32, state.range(0)};
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<float> x(static_cast<size_t>(from.elements()));
  std::vector<float> y(static_cast<size_t>(to.elements()));
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status =
        ResizeBicubic({x.data(), DType::kFloat32, from}, {y.data(), DType::kFloat32, to}, stream);
  }
  Report(state, status, to[0] * to[1]);
}
BENCHMARK(BenchmarkResizeBicubic)->ArgName("C")->Arg(192);

// Logits of 150 classes to the labels of a photograph.
void BenchmarkResizeArgmax(benchmark::State& state) {
  const Shape from = {1, 128, 171, 150};
  const Shape to = {1, 480, 640};
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(0)));
  const std::vector<float> x(static_cast<size_t>(from.elements()));
  std::vector<int32_t> y(static_cast<size_t>(to.elements()));
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = ResizeArgmax({.x = {x.data(), DType::kFloat32, from},
                           .between = IntermediateSize{512, 683, 512, 683},
                           .y = {y.data(), DType::kInt32, to}},
                          stream);
  }
  Report(state, status, to.elements());
}
BENCHMARK(BenchmarkResizeArgmax)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

// Maps of a pyramid, to twice their size. Bytes of the output.
template <absl::Status (*resize)(const ConstTensorView&, const TensorView&, Stream&)>
void BenchmarkResizeMap(benchmark::State& state) {
  const int64_t side = state.range(0);
  const Shape from = {1, side, side, state.range(1)};
  const Shape to = {1, 2 * side, 2 * side, state.range(1)};
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<float> x(static_cast<size_t>(from.elements()));
  std::vector<float> y(static_cast<size_t>(to.elements()));
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = resize({x.data(), DType::kFloat32, from}, {y.data(), DType::kFloat32, to}, stream);
  }
  Report(state, status, 4 * side * side);
  state.SetBytesProcessed(state.iterations() * to.elements() * static_cast<int64_t>(sizeof(float)));
}
BENCHMARK(BenchmarkResizeMap<ResizeBilinear>)->ArgNames({"side", "C"})->Args({64, 512});
BENCHMARK(BenchmarkResizeMap<ResizeNearest>)->ArgNames({"side", "C"})->Args({100, 256});

}  // namespace
}  // namespace localmamba
