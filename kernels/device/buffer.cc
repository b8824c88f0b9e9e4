#include "kernels/device/buffer.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"

#ifdef LOCALMAMBA_WITH_CUDA
#include "kernels/device/cuda/cuda_allocator.h"
#endif

namespace localmamba {
namespace {

class CpuAllocator final : public Allocator {
 public:
  absl::StatusOr<Buffer> Allocate(size_t bytes) override {
    if (bytes == 0) return Buffer();
    const size_t rounded = (bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
    void* data = rounded < bytes ? nullptr : std::aligned_alloc(kBufferAlignment, rounded);
    if (data == nullptr) {
      return absl::ResourceExhaustedError(
          absl::StrCat("out of memory on cpu: ", bytes, " bytes wanted"));
    }
    return Buffer(data, bytes, this);
  }
  [[nodiscard]] Device device() const override { return Device::Cpu(); }

 private:
  void Free(void* data, size_t /*bytes*/) override { std::free(data); }
};

}  // namespace

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    Reset();
    data_ = std::exchange(other.data_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
    allocator_ = std::exchange(other.allocator_, nullptr);
  }
  return *this;
}

void Buffer::Reset() {
  if (data_ != nullptr) allocator_->Free(data_, bytes_);
  data_ = nullptr;
}

absl::StatusOr<std::unique_ptr<Allocator>> CreateDeviceAllocator(Device device) {
  if (device.is_cpu()) return std::make_unique<CpuAllocator>();
#ifdef LOCALMAMBA_WITH_CUDA
  return std::make_unique<cuda::CudaAllocator>(device.index);
#else
  return absl::UnimplementedError(
      absl::StrCat("memory on ", device.ToString(), ": this build has no CUDA kernels"));
#endif
}

std::unique_ptr<Allocator> CreateHostAllocator([[maybe_unused]] Device device) {
#ifdef LOCALMAMBA_WITH_CUDA
  if (!device.is_cpu()) return std::make_unique<cuda::PinnedHostAllocator>(device.index);
#endif
  return std::make_unique<CpuAllocator>();
}

}  // namespace localmamba
