// The implementations between which the dispatchers of this folder choose. Arguments are checked.
#ifndef LOCALMAMBA_KERNELS_SCAN_BACKENDS_H_
#define LOCALMAMBA_KERNELS_SCAN_BACKENDS_H_

#include "absl/types/span.h"
#include "kernels/device/stream.h"
#include "kernels/scan/merge_directions.h"
#include "kernels/scan/merge_directions_backward.h"
#include "kernels/scan/selective_scan.h"
#include "kernels/scan/selective_scan_backward.h"

namespace localmamba {

void SelectiveScanCpu(absl::Span<const SelectiveScanDirection> directions,
                      const SelectiveScanOptions& options, const Stream& stream);
void SelectiveScanBackwardCpu(absl::Span<const SelectiveScanBackwardDirection> directions,
                              const SelectiveScanOptions& options, const Stream& stream);
void MergeDirectionsCpu(const MergeDirectionsArgs& args, const Stream& stream);
void MergeDirectionsBackwardCpu(const MergeDirectionsBackwardArgs& args, Stream& stream);

// In builds with CUDA only.
absl::Status SelectiveScanCuda(absl::Span<const SelectiveScanDirection> directions,
                               const SelectiveScanOptions& options, Stream& stream);
absl::Status SelectiveScanBackwardCuda(absl::Span<const SelectiveScanBackwardDirection> directions,
                                       const SelectiveScanOptions& options, Stream& stream);
absl::Status MergeDirectionsCuda(const MergeDirectionsArgs& args, Stream& stream);
absl::Status MergeDirectionsBackwardCuda(const MergeDirectionsBackwardArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_SCAN_BACKENDS_H_
