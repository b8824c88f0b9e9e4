// The stream object of a device that has one.
#ifndef LOCALMAMBA_KERNELS_DEVICE_NATIVE_STREAM_H_
#define LOCALMAMBA_KERNELS_DEVICE_NATIVE_STREAM_H_

#include <cstddef>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace localmamba {

class Graph;
class Stopwatch;
class Stream;

// What a Stream of another device than the CPU consists of. Implemented by kernels/device/cuda.
class NativeStream {
 public:
  virtual ~NativeStream() = default;
  // See Stream.
  virtual absl::Status Synchronize() = 0;
  virtual absl::Status CopyBytes(const void* source, void* destination, size_t bytes) = 0;
  virtual absl::Status ZeroBytes(void* destination, size_t bytes) = 0;
  // See Graph and Stopwatch. `stream` is the one that consists of this.
  virtual absl::StatusOr<std::unique_ptr<Graph>> Capture(
      absl::FunctionRef<absl::Status()> enqueue) = 0;
  virtual absl::StatusOr<std::unique_ptr<Stopwatch>> CreateStopwatch(Stream& stream) = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_NATIVE_STREAM_H_
