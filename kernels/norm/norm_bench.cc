// GB/s of the norms, counting each input and output once, on the shapes of LocalVMamba-T and
// LocalVim-T at batch 1 and 8.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/norm/add_norm.h"
#include "kernels/norm/add_norm_backward.h"
#include "kernels/norm/layer_norm.h"
#include "kernels/norm/layer_norm_backward.h"
#include "kernels/norm/pooled_layer_norm.h"
#include "kernels/norm/pooled_layer_norm_backward.h"

namespace localmamba {
namespace {

// Memory for one tensor.
struct Floats {
  explicit Floats(const Shape& shape)
      : values(static_cast<size_t>(shape.elements()), 0.5F),
        view(values.data(), DType::kFloat32, shape) {}
  std::vector<float> values;
  TensorView view;
};

void Report(benchmark::State& state, const absl::Status& status, int64_t floats) {
  if (!status.ok()) state.SkipWithError(status.ToString().c_str());
  state.SetBytesProcessed(state.iterations() * floats * static_cast<int64_t>(sizeof(float)));
}

void BenchmarkLayerNorm(benchmark::State& state) {
  const int64_t M = state.range(0);
  const int64_t D = state.range(1);
  const bool gate = state.range(2) != 0;
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(3)));
  const Floats x({M, D});
  const Floats weight({D});
  const Floats z({M, D});
  const Floats y({M, D});
  const LayerNormArgs args{.x = x.view,
                           .weight = weight.view,
                           .bias = weight.view,
                           .z = gate ? z.view : TensorView(),
                           .y = y.view};
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) status = LayerNorm(args, stream);
  Report(state, status, (gate ? 3 : 2) * M * D);
}
BENCHMARK(BenchmarkLayerNorm)
    ->ArgNames({"M", "D", "gate", "threads"})
    ->ArgsProduct({{3136}, {96}, {0}, {1, 2}})
    ->ArgsProduct({{3136, 25088}, {192}, {0, 1}, {1, 2}})
    ->ArgsProduct({{49}, {1536}, {0, 1}, {1, 2}})
    ->UseRealTime();

void BenchmarkPooledLayerNorm(benchmark::State& state) {
  const Shape shape = {state.range(0), state.range(1), state.range(2)};
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(3)));
  const Floats x(shape);
  const Floats y({shape[0], shape[2]});
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = PooledLayerNorm({.x = x.view, .y = y.view}, stream);
  }
  Report(state, status, shape.elements());
}
BENCHMARK(BenchmarkPooledLayerNorm)
    ->ArgNames({"M", "L", "D", "threads"})
    ->ArgsProduct({{1, 8}, {3136}, {192}, {1, 2}})
    ->ArgsProduct({{4}, {196}, {384}, {1, 2}})
    ->UseRealTime();

void BenchmarkAddNorm(benchmark::State& state) {
  const Shape shape = {state.range(0), 196, state.range(1)};
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  const Floats hidden(shape);
  const Floats residual(shape);
  const Floats table({shape[1], shape[2]});
  const Floats weight({shape[2]});
  const Floats y(shape);
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    // Not in place: the residual would grow without bound.
    status = AddNorm({.hidden = hidden.view,
                      .residual = residual.view,
                      .rope_cos = table.view,
                      .rope_sin = table.view,
                      .weight = weight.view,
                      .residual_out = y.view,
                      .y = hidden.view},
                     stream);
  }
  Report(state, status, 4 * shape.elements());
}
BENCHMARK(BenchmarkAddNorm)
    ->ArgNames({"batch", "D", "threads"})
    ->ArgsProduct({{1, 8}, {192, 384}, {1, 2}})
    ->UseRealTime();

void BenchmarkLayerNormBackward(benchmark::State& state) {
  const Shape shape = {state.range(0), state.range(1)};
  const bool gate = state.range(2) != 0;
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(3)));
  const Floats x(shape);
  const Floats weight({shape[1]});
  const Floats z(shape);
  const Floats dy(shape);
  const Floats dx(shape);
  const Floats dz(shape);
  const Floats dweight({shape[1]});
  const Floats dbias({shape[1]});
  const LayerNormBackwardArgs args{.x = x.view,
                                   .weight = weight.view,
                                   .bias = weight.view,
                                   .z = gate ? z.view : TensorView(),
                                   .dy = dy.view,
                                   .dx = dx.view,
                                   .dz = gate ? dz.view : TensorView(),
                                   .dweight = dweight.view,
                                   .dbias = dbias.view};
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) status = LayerNormBackward(args, stream);
  Report(state, status, (gate ? 5 : 3) * shape.elements());
}
BENCHMARK(BenchmarkLayerNormBackward)
    ->ArgNames({"M", "D", "gate", "threads"})
    ->ArgsProduct({{3136}, {96}, {0}, {1, 2}})
    ->ArgsProduct({{3136, 25088}, {192}, {0, 1}, {1, 2}})
    ->UseRealTime();

void BenchmarkPooledLayerNormBackward(benchmark::State& state) {
  const Shape shape = {state.range(0), state.range(1), state.range(2)};
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(3)));
  const Floats x(shape);
  const Floats weight({shape[2]});
  const Floats dy({shape[0], shape[2]});
  const Floats dx(shape);
  const Floats dweight({shape[2]});
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = PooledLayerNormBackward(
        {.x = x.view, .weight = weight.view, .dy = dy.view, .dx = dx.view, .dweight = dweight.view},
        stream);
  }
  Report(state, status, 2 * shape.elements());
}
BENCHMARK(BenchmarkPooledLayerNormBackward)
    ->ArgNames({"M", "L", "D", "threads"})
    ->ArgsProduct({{4}, {3136}, {192}, {1, 2}})
    ->UseRealTime();

void BenchmarkAddNormBackward(benchmark::State& state) {
  const Shape shape = {state.range(0), 196, state.range(1)};
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(2)));
  const Floats residual_out(shape);
  const Floats table({shape[1], shape[2]});
  const Floats weight({shape[2]});
  const Floats dy(shape);
  const Floats dresidual_out(shape);
  const Floats dhidden(shape);
  const Floats dresidual(shape);
  const Floats dweight({shape[2]});
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = AddNormBackward({.residual_out = residual_out.view,
                              .rope_cos = table.view,
                              .rope_sin = table.view,
                              .weight = weight.view,
                              .dy = dy.view,
                              .dresidual_out = dresidual_out.view,
                              .dhidden = dhidden.view,
                              .dresidual = dresidual.view,
                              .dweight = dweight.view},
                             stream);
  }
  Report(state, status, 5 * shape.elements());
}
BENCHMARK(BenchmarkAddNormBackward)
    ->ArgNames({"batch", "D", "threads"})
    ->ArgsProduct({{1, 8}, {192}, {1, 2}})
    ->UseRealTime();

}  // namespace
}  // namespace localmamba
