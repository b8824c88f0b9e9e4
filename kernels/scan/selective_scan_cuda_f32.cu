#include "kernels/scan/selective_scan_launch_cuda.cuh"

namespace localmamba::scan_cuda {

absl::Status SelectiveScanF32(absl::Span<const SelectiveScanDirection> directions,
                              const SelectiveScanOptions& options, Stream& stream) {
  return SelectiveScanOf<float>(directions, options, stream);
}

}  // namespace localmamba::scan_cuda
