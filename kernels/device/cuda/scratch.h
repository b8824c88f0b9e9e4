// Memory that an operation needs only while it runs.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_SCRATCH_H_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_SCRATCH_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/device/cuda/cuda_allocator.h"
#include "kernels/device/stream.h"

namespace localmamba::cuda {

// One block per user (T of GetScratch) and stream, shared by its calls in stream order and grown on
// demand. Outgrown blocks are kept until the stream goes: a captured graph may still write to them.
// Each growth at least doubles the block, so they add up to less than the last one. Growing
// allocates, which a stream under capture must not do: warm up first.
class Scratch {
 public:
  absl::StatusOr<void*> Get(size_t bytes, Stream& stream);

 private:
  std::optional<CudaAllocator> allocator_;
  std::vector<Buffer> blocks_;  // the last is the largest
};

// At least `bytes` bytes for User, aligned to kBufferAlignment, until its next call on `stream`.
// Errors: RESOURCE_EXHAUSTED if the device is out of memory.
template <class User>
absl::StatusOr<void*> GetScratch(size_t bytes, Stream& stream) {
  struct UserScratch : Scratch {};
  return stream.Local<UserScratch>().Get(bytes, stream);
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_SCRATCH_H_
