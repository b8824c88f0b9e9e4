// Which CUDA devices of this host this build can use.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_DEVICES_H_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_DEVICES_H_

#include "absl/status/status.h"

namespace localmamba::cuda {

// OK if device `index` exists and runs this build's kernels. Errors: FAILED_PRECONDITION saying
// what is missing: a driver, a newer driver, any device, a device of that number, or kernels for
// its architecture; INTERNAL if the device itself fails.
absl::Status CheckDevice(int index);

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_DEVICES_H_
