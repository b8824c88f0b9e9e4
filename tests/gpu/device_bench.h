// Measures operations on a GPU, apart from the cost of launching them.
#ifndef LOCALMAMBA_TESTS_GPU_DEVICE_BENCH_H_
#define LOCALMAMBA_TESTS_GPU_DEVICE_BENCH_H_

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "kernels/device/buffer.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor.h"

namespace localmamba {

// A device, and tensors on it with random elements: zeros would flatter a GPU.
class BenchDevice {
 public:
  explicit BenchDevice(Device device)
      : stream_(*Stream::Create(device)), allocator_(*CreateDeviceAllocator(device)) {}

  Stream& stream() { return stream_; }

  // Uniform in [-1, 1) for floating-point types.
  Tensor Random(DType dtype, const Shape& shape);
  // A copy of host memory.
  Tensor Upload(const ConstTensorView& host);

 private:
  Stream stream_;
  std::unique_ptr<Allocator> allocator_;
};

// What an operation has to do at least.
struct Work {
  double bytes = 0.0;          // read and written, each tensor once
  double flops = 0.0;          // of matrix products
  double state_updates = 0.0;  // of scans
};

// Bytes of the tensors, for Work.
double Bytes(std::initializer_list<ConstTensorView> tensors);

// Times `enqueue`, recorded several times in a graph so that launches cost nothing, and reports
// rates of `work` as counters "GB/s", "TFLOP/s" and "Tupdates/s".
void Measure(benchmark::State& state, Stream& stream, const Work& work,
             absl::FunctionRef<absl::Status()> enqueue);

// Prints one line a benchmark: time, rates, and the share of the first benchmark's GB/s, which is a
// copy's.
class TableReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  // True if every benchmark ran.
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  double copy_rate_ = 0.0;
  bool ok_ = true;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_GPU_DEVICE_BENCH_H_
