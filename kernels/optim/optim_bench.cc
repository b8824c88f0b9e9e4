// GB/s of the optimiser's kernels over tensors like those of local_vim_tiny: 700 with 8 million
// elements.
#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/optim/adamw.h"
#include "kernels/optim/ema.h"
#include "kernels/optim/gradient_norm.h"

namespace localmamba {
namespace {

// Half of the tensors are vectors of 192, half are matrices.
class Parameters {
 public:
  Parameters() {
    for (int64_t i = 0; i < 350; ++i) {
      shapes_.push_back({192});
      shapes_.push_back({192, 115});
    }
    int64_t elements = 0;
    for (const Shape& shape : shapes_) elements += shape.elements();
    values_.assign(static_cast<size_t>(elements), 0.5F);
  }

  std::vector<TensorView> Views() {
    std::vector<TensorView> views;
    float* next = values_.data();
    for (const Shape& shape : shapes_) {
      views.emplace_back(next, DType::kFloat32, shape);
      next += shape.elements();
    }
    return views;
  }

  [[nodiscard]] int64_t bytes() const {
    return static_cast<int64_t>(values_.size() * sizeof(float));
  }

 private:
  std::vector<Shape> shapes_;
  std::vector<float> values_;
};

// `passes`: how often the parameters' bytes are read or written.
void Report(benchmark::State& state, const absl::Status& status, int64_t passes) {
  if (!status.ok()) state.SkipWithError(status.ToString().c_str());
  state.SetBytesProcessed(state.iterations() * passes * Parameters().bytes());
}

void BenchmarkAdamW(benchmark::State& state) {
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(0)));
  Parameters parameters;
  Parameters gradients;
  Parameters first_moments;
  Parameters second_moments;
  std::vector<AdamWTensor> tensors;
  for (size_t i = 0; i < parameters.Views().size(); ++i) {
    tensors.push_back({.parameter = parameters.Views()[i],
                       .gradient = gradients.Views()[i],
                       .first_moment = first_moments.Views()[i],
                       .second_moment = second_moments.Views()[i],
                       .weight_decay = 0.04});
  }
  int64_t steps = 0;
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = AdamW({.tensors = tensors, .steps = {&steps, DType::kInt64, Shape()}}, stream);
  }
  Report(state, status, 7);
}
BENCHMARK(BenchmarkAdamW)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

void BenchmarkGradientNorm(benchmark::State& state) {
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(0)));
  Parameters gradients;
  const std::vector<TensorView> views = gradients.Views();
  const std::vector<ConstTensorView> tensors(views.begin(), views.end());
  float norm = 0.0F;
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) {
    status = GradientNorm(tensors, {&norm, DType::kFloat32, Shape()}, stream);
  }
  Report(state, status, 1);
}
BENCHMARK(BenchmarkGradientNorm)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

void BenchmarkEma(benchmark::State& state) {
  Stream stream = *Stream::Create(Device::Cpu(), static_cast<int>(state.range(0)));
  Parameters values;
  Parameters averages;
  std::vector<EmaTensor> tensors;
  for (size_t i = 0; i < values.Views().size(); ++i) {
    tensors.push_back({values.Views()[i], averages.Views()[i]});
  }
  absl::Status status;
  for ([[maybe_unused]] auto iteration : state) status = UpdateEma(tensors, 0.9999, stream);
  Report(state, status, 3);
}
BENCHMARK(BenchmarkEma)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

}  // namespace
}  // namespace localmamba
