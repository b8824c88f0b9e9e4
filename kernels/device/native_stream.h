// The stream object of a device that has one.
#ifndef LOCALMAMBA_KERNELS_DEVICE_NATIVE_STREAM_H_
#define LOCALMAMBA_KERNELS_DEVICE_NATIVE_STREAM_H_

#include <cstddef>

#include "absl/status/status.h"

namespace localmamba {

// What a Stream of another device than the CPU consists of. Implemented by kernels/device/cuda.
class NativeStream {
 public:
  virtual ~NativeStream() = default;
  // See Stream.
  virtual absl::Status Synchronize() = 0;
  virtual absl::Status CopyBytes(const void* source, void* destination, size_t bytes) = 0;
  virtual absl::Status ZeroBytes(void* destination, size_t bytes) = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_NATIVE_STREAM_H_
