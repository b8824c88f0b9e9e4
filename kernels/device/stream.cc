#include "kernels/device/stream.h"

#include <omp.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"

#ifdef LOCALMAMBA_WITH_CUDA
#include "kernels/device/cuda/cuda_stream.h"
#endif

namespace localmamba {

absl::StatusOr<Stream> Stream::Create(Device device, int cpu_threads) {
  if (cpu_threads < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cpu_threads is ", cpu_threads, ", wanted 0 (all) or more"));
  }
  if (cpu_threads == 0) cpu_threads = omp_get_max_threads();
  // oneDNN shares work out to as many threads as it asked for: with fewer, results would be wrong.
  cpu_threads = std::min(cpu_threads, omp_get_thread_limit());
  if (device.is_cpu()) return Stream(device, cpu_threads, nullptr);
#ifdef LOCALMAMBA_WITH_CUDA
  LM_ASSIGN_OR_RETURN(std::unique_ptr<NativeStream> native, cuda::CudaStream::Create(device.index));
  return Stream(device, cpu_threads, std::move(native));
#else
  return absl::UnimplementedError(
      absl::StrCat("stream on ", device.ToString(), ": this build has no CUDA kernels"));
#endif
}

absl::Status Stream::Synchronize() {
  return native_ == nullptr ? absl::OkStatus() : native_->Synchronize();
}

absl::Status Stream::CopyBytes(const void* source, void* destination, size_t bytes) {
  if (native_ != nullptr) return native_->CopyBytes(source, destination, bytes);
  if (bytes != 0) std::memcpy(destination, source, bytes);
  return absl::OkStatus();
}

absl::Status Stream::ZeroBytes(void* destination, size_t bytes) {
  if (native_ != nullptr) return native_->ZeroBytes(destination, bytes);
  if (bytes != 0) std::memset(destination, 0, bytes);
  return absl::OkStatus();
}

}  // namespace localmamba
