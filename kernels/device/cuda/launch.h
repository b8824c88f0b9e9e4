// Small things every kernel launch needs.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_LAUNCH_H_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_LAUNCH_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#include "kernels/base/check.h"
#include "kernels/device/stream.h"

namespace localmamba::cuda {

__host__ __device__ constexpr int64_t DivideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Blocks of `per_block` that cover `work` items. Kernels index their items with 32 bits: division
// of 64 bits would cost more than the work itself.
inline unsigned BlockCount(int64_t work, int64_t per_block) {
  LM_CHECK(work > 0 && work <= INT64_C(0x7fffffff));
  return static_cast<unsigned>(DivideUp(work, per_block));
}

// Multiprocessors of the stream's device.
inline int MultiprocessorCount(const Stream& stream) {
  int count = 1;
  (void)cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, stream.device().index);
  return count;
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_LAUNCH_H_
