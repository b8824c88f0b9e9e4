#include "kernels/scan/selective_scan_backward_launch_cuda.cuh"

namespace localmamba::scan_cuda {

absl::Status SelectiveScanBackwardF32(absl::Span<const SelectiveScanBackwardDirection> directions,
                                      const SelectiveScanOptions& options, Stream& stream) {
  return SelectiveScanBackwardOf<float>(directions, options, stream);
}

}  // namespace localmamba::scan_cuda
