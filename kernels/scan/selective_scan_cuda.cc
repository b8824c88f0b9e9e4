#include "kernels/scan/backends.h"

namespace localmamba {
namespace scan_cuda {

// One translation unit an element type, so that they compile side by side.
absl::Status SelectiveScanF32(absl::Span<const SelectiveScanDirection> directions,
                              const SelectiveScanOptions& options, Stream& stream);
absl::Status SelectiveScanF16(absl::Span<const SelectiveScanDirection> directions,
                              const SelectiveScanOptions& options, Stream& stream);
absl::Status SelectiveScanBF16(absl::Span<const SelectiveScanDirection> directions,
                               const SelectiveScanOptions& options, Stream& stream);

}  // namespace scan_cuda

absl::Status SelectiveScanCuda(absl::Span<const SelectiveScanDirection> directions,
                               const SelectiveScanOptions& options, Stream& stream) {
  switch (directions.front().u.dtype()) {
    case DType::kFloat16:
      return scan_cuda::SelectiveScanF16(directions, options, stream);
    case DType::kBFloat16:
      return scan_cuda::SelectiveScanBF16(directions, options, stream);
    default:
      return scan_cuda::SelectiveScanF32(directions, options, stream);
  }
}

}  // namespace localmamba
