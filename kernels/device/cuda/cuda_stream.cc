#include "kernels/device/cuda/cuda_stream.h"

#include <cstdio>
#include <utility>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_devices.h"
#include "kernels/device/cuda/cuda_graph.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stopwatch.h"

namespace localmamba::cuda {

absl::StatusOr<std::unique_ptr<CudaStream>> CudaStream::Create(int index) {
  LM_RETURN_IF_ERROR(CheckDevice(index));
  LM_CUDA_RETURN_IF_ERROR(cudaSetDevice(index));
  cudaStream_t handle = nullptr;
  LM_CUDA_RETURN_IF_ERROR(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking));
  return std::unique_ptr<CudaStream>(new CudaStream(handle));
}

CudaStream::~CudaStream() {
  if (const cudaError_t error = cudaStreamDestroy(handle_); error != cudaSuccess) {
    std::fprintf(stderr, "cudaStreamDestroy: %s\n", cudaGetErrorName(error));
  }
}

absl::Status CudaStream::Synchronize() {
  LM_CUDA_RETURN_IF_ERROR(cudaStreamSynchronize(handle_));
  return absl::OkStatus();
}

absl::Status CudaStream::CopyBytes(const void* source, void* destination, size_t bytes) {
  LM_CUDA_RETURN_IF_ERROR(cudaMemcpyAsync(destination, source, bytes, cudaMemcpyDefault, handle_));
  return absl::OkStatus();
}

absl::Status CudaStream::ZeroBytes(void* destination, size_t bytes) {
  LM_CUDA_RETURN_IF_ERROR(cudaMemsetAsync(destination, 0, bytes, handle_));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Graph>> CudaStream::Capture(
    absl::FunctionRef<absl::Status()> enqueue) {
  return CudaGraph::Capture(handle_, enqueue);
}

absl::StatusOr<std::unique_ptr<Stopwatch>> CudaStream::CreateStopwatch(Stream& stream) {
  LM_ASSIGN_OR_RETURN(CudaEvent start, CudaEvent::Create());
  LM_ASSIGN_OR_RETURN(CudaEvent stop, CudaEvent::Create());
  return std::make_unique<CudaStopwatch>(stream, std::move(start), std::move(stop));
}

cudaStream_t Activate(Stream& stream) {
  LM_CHECK(stream.native() != nullptr);
  (void)cudaSetDevice(stream.device().index);
  return static_cast<CudaStream&>(*stream.native()).handle();
}

}  // namespace localmamba::cuda
