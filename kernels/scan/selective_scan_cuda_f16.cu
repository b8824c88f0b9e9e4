#include "kernels/scan/selective_scan_launch_cuda.cuh"

namespace localmamba::scan_cuda {

absl::Status SelectiveScanF16(absl::Span<const SelectiveScanDirection> directions,
                              const SelectiveScanOptions& options, Stream& stream) {
  return SelectiveScanOf<__half>(directions, options, stream);
}

}  // namespace localmamba::scan_cuda
