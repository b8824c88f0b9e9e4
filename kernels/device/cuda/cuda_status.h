// CUDA's error codes as absl::Status.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_STATUS_H_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_STATUS_H_

#include <cuda_runtime_api.h>

#include "absl/status/status.h"

namespace localmamba::cuda {

// RESOURCE_EXHAUSTED for want of memory, INTERNAL for any other error, marked as in device_error.h
// if it is sticky. The message has CUDA's name of the error and where it was seen. Clears CUDA's
// record of the last error, so that a later check of a launch does not see it again.
absl::Status ToStatus(cudaError_t error, const char* file, int line);

}  // namespace localmamba::cuda

// LM_CUDA_RETURN_IF_ERROR(cudaEventRecord(event, stream));
// After a launch: LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
#define LM_CUDA_RETURN_IF_ERROR(expr)                                    \
  do {                                                                   \
    if (const cudaError_t lm_error = (expr); lm_error != cudaSuccess) {  \
      return ::localmamba::cuda::ToStatus(lm_error, __FILE__, __LINE__); \
    }                                                                    \
  } while (false)

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_STATUS_H_
