#include "kernels/conv/cuda/cudnn.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "kernels/device/cuda/cuda_status.h"

namespace localmamba::cuda {

absl::Status CudnnToStatus(cudnnStatus_t status, const char* file, int line) {
  if (status == CUDNN_STATUS_SUCCESS) return absl::OkStatus();
  // A failed launch inside the library leaves CUDA's own, more telling, error.
  LM_RETURN_IF_ERROR(ToStatus(cudaGetLastError(), file, line));
  const std::string message =
      absl::StrCat(file, ":", line, ": cuDNN: ", cudnnGetErrorString(status));
  return status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED
             ? absl::ResourceExhaustedError(message)
             : absl::InternalError(message);
}

absl::StatusOr<CudnnDescriptor> CudnnDescriptor::Create(cudnnBackendDescriptorType_t type) {
  cudnnBackendDescriptor_t handle = nullptr;
  LM_CUDNN_RETURN_IF_ERROR(cudnnBackendCreateDescriptor(type, &handle));
  CudnnDescriptor descriptor;
  descriptor.owner_.reset(handle);
  return descriptor;
}

absl::Status CudnnDescriptor::Finalize() {
  LM_CUDNN_RETURN_IF_ERROR(cudnnBackendFinalize(owner_.get()));
  return absl::OkStatus();
}

}  // namespace localmamba::cuda
