// What a benchmark of kernel_bench gets, and the files it is made of.
#ifndef LOCALMAMBA_TESTS_GPU_BENCH_CASE_H_
#define LOCALMAMBA_TESTS_GPU_BENCH_CASE_H_

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>

#include "absl/functional/function_ref.h"
#include "tests/gpu/device_bench.h"

namespace localmamba {

struct Case {
  int64_t batch;
  DType dtype;
  benchmark::State& state;
  BenchDevice& device;

  Tensor Data(const Shape& shape) const { return device.Random(dtype, shape); }
  Tensor Float32(const Shape& shape) const { return device.Random(DType::kFloat32, shape); }
  void Run(const Work& work, absl::FunctionRef<absl::Status()> enqueue) const {
    Measure(state, device.stream(), work, enqueue);
  }
};

using BenchmarkBody = std::function<void(const Case&)>;
// Registers a body under a name, for the batch sizes and dtypes of its kind.
using AddBenchmark = absl::FunctionRef<void(const std::string& name, BenchmarkBody body)>;

void AddScanBenchmarks(AddBenchmark add, AddBenchmark add_training);
// Of heads on backbones.
void AddMapBenchmarks(AddBenchmark add);
void AddDetectionBenchmarks(AddBenchmark add);
// Of training.
void AddDenseBackwardBenchmarks(AddBenchmark add);
void AddNormBackwardBenchmarks(AddBenchmark add);

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_GPU_BENCH_CASE_H_
