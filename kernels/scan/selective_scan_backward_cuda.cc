#include "kernels/scan/backends.h"

namespace localmamba {
namespace scan_cuda {

// One translation unit an element type, so that they compile side by side.
absl::Status SelectiveScanBackwardF32(absl::Span<const SelectiveScanBackwardDirection> directions,
                                      const SelectiveScanOptions& options, Stream& stream);
absl::Status SelectiveScanBackwardF16(absl::Span<const SelectiveScanBackwardDirection> directions,
                                      const SelectiveScanOptions& options, Stream& stream);
absl::Status SelectiveScanBackwardBF16(absl::Span<const SelectiveScanBackwardDirection> directions,
                                       const SelectiveScanOptions& options, Stream& stream);

}  // namespace scan_cuda

absl::Status SelectiveScanBackwardCuda(absl::Span<const SelectiveScanBackwardDirection> directions,
                                       const SelectiveScanOptions& options, Stream& stream) {
  switch (directions.front().u.dtype()) {
    case DType::kFloat16:
      return scan_cuda::SelectiveScanBackwardF16(directions, options, stream);
    case DType::kBFloat16:
      return scan_cuda::SelectiveScanBackwardBF16(directions, options, stream);
    default:
      return scan_cuda::SelectiveScanBackwardF32(directions, options, stream);
  }
}

}  // namespace localmamba
