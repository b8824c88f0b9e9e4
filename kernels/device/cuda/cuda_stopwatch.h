// CUDA events behind Stopwatch.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_STOPWATCH_H_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_STOPWATCH_H_

#include <utility>

#include "kernels/device/cuda/cuda_event.h"
#include "kernels/device/stopwatch.h"

namespace localmamba::cuda {

class CudaStopwatch final : public Stopwatch {
 public:
  // `stream` outlives it.
  CudaStopwatch(Stream& stream, CudaEvent start, CudaEvent stop)
      : stream_(stream), start_(std::move(start)), stop_(std::move(stop)) {}

  absl::Status Start() override { return start_.Record(stream_); }
  absl::Status Stop() override { return stop_.Record(stream_); }
  [[nodiscard]] absl::StatusOr<absl::Duration> Elapsed() const override {
    return stop_.Since(start_);
  }

 private:
  Stream& stream_;
  CudaEvent start_;
  CudaEvent stop_;
};

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_STOPWATCH_H_
