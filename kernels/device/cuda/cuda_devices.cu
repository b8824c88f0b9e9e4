#include "absl/strings/str_cat.h"
#include "kernels/device/cuda/cuda_devices.h"
#include "kernels/device/cuda/cuda_status.h"

namespace localmamba::cuda {
namespace {

// Stands for all kernels of the build, which have the same architectures.
__global__ void Probe() {}

std::string CudaVersion(int version) {
  return absl::StrCat(version / 1000, ".", version % 1000 / 10);
}

absl::Status Unusable(int index, const std::string& reason) {
  return absl::FailedPreconditionError(absl::StrCat("device \"cuda:", index, "\": ", reason));
}

}  // namespace

absl::Status CheckDevice(int index) {
  int driver_version = 0;
  LM_CUDA_RETURN_IF_ERROR(cudaDriverGetVersion(&driver_version));
  if (driver_version == 0) return Unusable(index, "this host has no NVIDIA driver");

  int count = 0;
  const cudaError_t found = cudaGetDeviceCount(&count);
  if (found == cudaErrorInsufficientDriver) {
    return Unusable(
        index, absl::StrCat("the NVIDIA driver supports CUDA up to ", CudaVersion(driver_version),
                            ", wanted ", CudaVersion(CUDART_VERSION), " or newer"));
  }
  if (found == cudaErrorNoDevice)
    count = 0;
  else
    LM_CUDA_RETURN_IF_ERROR(found);
  if (index >= count) {
    return Unusable(index, absl::StrCat("this host has ", count, " CUDA devices"));
  }

  LM_CUDA_RETURN_IF_ERROR(cudaSetDevice(index));
  cudaFuncAttributes attributes;
  const cudaError_t loaded = cudaFuncGetAttributes(&attributes, Probe);
  if (loaded == cudaErrorNoKernelImageForDevice || loaded == cudaErrorInvalidDeviceFunction ||
      loaded == cudaErrorUnsupportedPtxVersion) {
    (void)cudaGetLastError();
    cudaDeviceProp properties;
    LM_CUDA_RETURN_IF_ERROR(cudaGetDeviceProperties(&properties, index));
    return Unusable(index, absl::StrCat(properties.name, " has compute capability ",
                                        properties.major, ".", properties.minor,
                                        "; this build has kernels for architectures "  //
                                        LOCALMAMBA_CUDA_ARCHITECTURES));
  }
  LM_CUDA_RETURN_IF_ERROR(loaded);
  return absl::OkStatus();
}

}  // namespace localmamba::cuda
