// The CUDA stream behind a Stream.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_STREAM_H_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_STREAM_H_

#include <cuda_runtime_api.h>

#include <memory>

#include "absl/status/statusor.h"
#include "kernels/device/native_stream.h"
#include "kernels/device/stream.h"

namespace localmamba::cuda {

// Owns a cudaStream_t that does not synchronise with the default stream.
class CudaStream final : public NativeStream {
 public:
  static absl::StatusOr<std::unique_ptr<CudaStream>> Create(int index);
  ~CudaStream() override;
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  absl::Status Synchronize() override;
  absl::Status CopyBytes(const void* source, void* destination, size_t bytes) override;
  absl::Status ZeroBytes(void* destination, size_t bytes) override;
  absl::StatusOr<std::unique_ptr<Graph>> Capture(
      absl::FunctionRef<absl::Status()> enqueue) override;
  absl::StatusOr<std::unique_ptr<Stopwatch>> CreateStopwatch(Stream& stream) override;

  [[nodiscard]] cudaStream_t handle() const { return handle_; }

 private:
  explicit CudaStream(cudaStream_t handle) : handle_(handle) {}

  const cudaStream_t handle_;
};

// Makes the device of `stream`, a CUDA stream, the calling thread's current one and returns the
// handle to launch on. A failure shows at the launch.
cudaStream_t Activate(Stream& stream);

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_STREAM_H_
