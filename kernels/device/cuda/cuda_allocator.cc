#include "kernels/device/cuda/cuda_allocator.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "kernels/device/cuda/cuda_status.h"

namespace localmamba::cuda {
namespace {

// A destructor can do no more about a failed free than say so.
void LogIfError(cudaError_t error, const char* call) {
  if (error == cudaSuccess) return;
  (void)cudaGetLastError();
  std::fprintf(stderr, "%s: %s\n", call, cudaGetErrorName(error));
}

}  // namespace

absl::StatusOr<Buffer> CudaAllocator::Allocate(size_t bytes) {
  if (bytes == 0) return Buffer();
  LM_CUDA_RETURN_IF_ERROR(cudaSetDevice(index_));
  void* data = nullptr;
  const cudaError_t error = cudaMalloc(&data, bytes);
  if (error == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    size_t free_bytes = 0;
    size_t total_bytes = 0;
    LM_CUDA_RETURN_IF_ERROR(cudaMemGetInfo(&free_bytes, &total_bytes));
    return absl::ResourceExhaustedError(absl::StrCat("out of memory on ", device().ToString(), ": ",
                                                     bytes, " bytes wanted, ", free_bytes, " of ",
                                                     total_bytes, " free"));
  }
  LM_CUDA_RETURN_IF_ERROR(error);
  return Buffer(data, bytes, this);
}

void CudaAllocator::Free(void* data, size_t /*bytes*/) { LogIfError(cudaFree(data), "cudaFree"); }

absl::StatusOr<Buffer> PinnedHostAllocator::Allocate(size_t bytes) {
  if (bytes == 0) return Buffer();
  LM_CUDA_RETURN_IF_ERROR(cudaSetDevice(index_));
  void* data = nullptr;
  const cudaError_t error = cudaMallocHost(&data, bytes);
  if (error == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    return absl::ResourceExhaustedError(
        absl::StrCat("out of pinned host memory: ", bytes, " bytes wanted"));
  }
  LM_CUDA_RETURN_IF_ERROR(error);
  return Buffer(data, bytes, this);
}

void PinnedHostAllocator::Free(void* data, size_t /*bytes*/) {
  LogIfError(cudaFreeHost(data), "cudaFreeHost");
}

}  // namespace localmamba::cuda
