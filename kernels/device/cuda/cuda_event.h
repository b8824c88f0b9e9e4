// A point in the work of a CUDA stream.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_EVENT_H_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_EVENT_H_

#include <cuda_runtime_api.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kernels/device/stream.h"

namespace localmamba::cuda {

// Owns a cudaEvent_t. Move-only.
class CudaEvent {
 public:
  // An event of the current device that keeps the time.
  static absl::StatusOr<CudaEvent> Create();
  CudaEvent(CudaEvent&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  CudaEvent& operator=(CudaEvent&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~CudaEvent();

  // Enqueues; does not wait. While the stream is recorded as a graph, each launch of the graph will
  // record the event.
  absl::Status Record(Stream& stream);
  // Waits for the recorded point.
  absl::Status Synchronize() const;
  // Time from `start` to this event. Both are recorded and have been waited for.
  [[nodiscard]] absl::StatusOr<absl::Duration> Since(const CudaEvent& start) const;

 private:
  explicit CudaEvent(cudaEvent_t handle) : handle_(handle) {}

  cudaEvent_t handle_ = nullptr;
};

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_EVENT_H_
