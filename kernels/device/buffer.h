// Owned device memory and where it comes from.
#ifndef LOCALMAMBA_KERNELS_DEVICE_BUFFER_H_
#define LOCALMAMBA_KERNELS_DEVICE_BUFFER_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "kernels/device/device.h"

namespace localmamba {

class Allocator;

// Every allocation starts at a multiple of this: one cache line, and what vector loads of a GPU
// want.
inline constexpr size_t kBufferAlignment = 256;

// A block of memory; returns itself to its allocator, which must outlive it. Move-only.
class Buffer {
 public:
  Buffer() = default;
  Buffer(void* data, size_t bytes, Allocator* allocator)
      : data_(data), bytes_(bytes), allocator_(allocator) {}
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { Reset(); }

  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] size_t bytes() const { return bytes_; }

 private:
  void Reset();

  void* data_ = nullptr;
  size_t bytes_ = 0;
  Allocator* allocator_ = nullptr;
};

// Source of buffers on one device.
class Allocator {
 public:
  virtual ~Allocator() = default;

  // Uninitialised memory aligned to kBufferAlignment; 0 bytes give a buffer without memory.
  // Errors: RESOURCE_EXHAUSTED if the device has not enough memory.
  virtual absl::StatusOr<Buffer> Allocate(size_t bytes) = 0;

  [[nodiscard]] virtual Device device() const = 0;

 private:
  friend class Buffer;
  virtual void Free(void* data, size_t bytes) = 0;
};

// Memory straight from the device's own allocator (operating system for the CPU). Safe to call from
// several threads. Errors: UNIMPLEMENTED for a CUDA device in a build without CUDA.
absl::StatusOr<std::unique_ptr<Allocator>> CreateDeviceAllocator(Device device);

// Memory of the host that `device` copies from and to best: pinned for a CUDA device, so few and
// long-lived blocks. Safe to call from several threads.
std::unique_ptr<Allocator> CreateHostAllocator(Device device);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_BUFFER_H_
