#include "kernels/device/cuda/cuda_event.h"

#include <cstdio>

#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"

namespace localmamba::cuda {

absl::StatusOr<CudaEvent> CudaEvent::Create() {
  cudaEvent_t handle = nullptr;
  LM_CUDA_RETURN_IF_ERROR(cudaEventCreate(&handle));
  return CudaEvent(handle);
}

CudaEvent::~CudaEvent() {
  if (handle_ == nullptr) return;
  if (const cudaError_t error = cudaEventDestroy(handle_); error != cudaSuccess) {
    std::fprintf(stderr, "cudaEventDestroy: %s\n", cudaGetErrorName(error));
  }
}

absl::Status CudaEvent::Record(Stream& stream) {
  cudaStream_t handle = Activate(stream);
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  LM_CUDA_RETURN_IF_ERROR(cudaStreamIsCapturing(handle, &capture));
  // An event that is only captured orders work but does not keep the time.
  LM_CUDA_RETURN_IF_ERROR(cudaEventRecordWithFlags(
      handle_, handle,
      capture == cudaStreamCaptureStatusNone ? cudaEventRecordDefault : cudaEventRecordExternal));
  return absl::OkStatus();
}

absl::Status CudaEvent::Synchronize() const {
  LM_CUDA_RETURN_IF_ERROR(cudaEventSynchronize(handle_));
  return absl::OkStatus();
}

absl::StatusOr<absl::Duration> CudaEvent::Since(const CudaEvent& start) const {
  float milliseconds = 0.0F;
  LM_CUDA_RETURN_IF_ERROR(cudaEventElapsedTime(&milliseconds, start.handle_, handle_));
  return absl::Milliseconds(milliseconds);
}

}  // namespace localmamba::cuda
