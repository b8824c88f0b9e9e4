// An ordered queue of work on one device. Every operation takes the stream it runs on.
//
// On the CPU an operation runs to its end before its call returns, on the calling thread and the
// stream's share of worker threads. On CUDA it is enqueued and the call returns at once.
#ifndef LOCALMAMBA_KERNELS_DEVICE_STREAM_H_
#define LOCALMAMBA_KERNELS_DEVICE_STREAM_H_

#include <cstddef>
#include <map>
#include <memory>
#include <typeindex>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/device/device.h"
#include "kernels/device/native_stream.h"

namespace localmamba {

// Move-only. Used by one thread at a time.
class Stream {
 public:
  // `cpu_threads`: threads a CPU stream uses, 0 = all the process may use; ignored for CUDA.
  // Errors: UNIMPLEMENTED for a CUDA device in a build without CUDA; INTERNAL if the device fails.
  static absl::StatusOr<Stream> Create(Device device, int cpu_threads = 0);

  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&&) noexcept = default;

  [[nodiscard]] Device device() const { return device_; }
  [[nodiscard]] int cpu_threads() const { return cpu_threads_; }

  // Waits for everything enqueued so far and reports its first error. Returns at once on the CPU.
  absl::Status Synchronize();

  // Copies between blocks of the stream's device and of the host. Does not wait, but a copy from or
  // to host memory that is not pinned may.
  absl::Status CopyBytes(const void* source, void* destination, size_t bytes);

  // Zeroes memory of the stream's device. Does not wait.
  absl::Status ZeroBytes(void* destination, size_t bytes);

  // The device's own stream; null on the CPU. For the implementations of operations.
  [[nodiscard]] NativeStream* native() { return native_.get(); }

  // State that a kernel library keeps per stream (a oneDNN engine, a cuBLASLt handle and its
  // workspace): made by T's default constructor on first use, destroyed with the stream.
  template <class T>
  T& Local() {
    std::shared_ptr<void>& slot = (*locals_)[std::type_index(typeid(T))];
    if (slot == nullptr) slot = std::make_shared<T>();
    return *static_cast<T*>(slot.get());
  }

 private:
  Stream(Device device, int cpu_threads, std::unique_ptr<NativeStream> native)
      : device_(device),
        cpu_threads_(cpu_threads),
        native_(std::move(native)),
        locals_(std::make_unique<Locals>()) {}

  using Locals = std::map<std::type_index, std::shared_ptr<void>>;

  Device device_;
  int cpu_threads_ = 1;
  std::unique_ptr<NativeStream> native_;
  std::unique_ptr<Locals> locals_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_STREAM_H_
