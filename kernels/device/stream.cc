#include "kernels/device/stream.h"

#include <omp.h>

#include "absl/strings/str_cat.h"

namespace localmamba {

absl::StatusOr<Stream> Stream::Create(Device device, int cpu_threads) {
  if (cpu_threads < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cpu_threads is ", cpu_threads, ", wanted 0 (all) or more"));
  }
  if (!device.is_cpu()) {
    return absl::UnimplementedError(
        absl::StrCat("stream on ", device.ToString(), ": this build has no CUDA kernels"));
  }
  return Stream(device, cpu_threads == 0 ? omp_get_max_threads() : cpu_threads);
}

absl::Status Stream::Synchronize() { return absl::OkStatus(); }

}  // namespace localmamba
