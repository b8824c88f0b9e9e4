// Memory of a CUDA device and pinned memory of the host.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_ALLOCATOR_H_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_ALLOCATOR_H_

#include "kernels/device/buffer.h"

namespace localmamba::cuda {

// cudaMalloc and cudaFree: slow, and a free waits for the device. Put an Arena in front.
class CudaAllocator final : public Allocator {
 public:
  explicit CudaAllocator(int index) : index_(index) {}
  absl::StatusOr<Buffer> Allocate(size_t bytes) override;
  [[nodiscard]] Device device() const override { return Device::Cuda(index_); }

 private:
  void Free(void* data, size_t bytes) override;

  const int index_;
};

// Page-locked host memory, which copies to and from the device at full speed and in the background.
class PinnedHostAllocator final : public Allocator {
 public:
  // index: of the device that the process uses. CUDA would otherwise set up device 0 too when a
  // thread that has called nothing else allocates.
  explicit PinnedHostAllocator(int index) : index_(index) {}
  absl::StatusOr<Buffer> Allocate(size_t bytes) override;
  [[nodiscard]] Device device() const override { return Device::Cpu(); }

 private:
  void Free(void* data, size_t bytes) override;

  const int index_;
};

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_ALLOCATOR_H_
