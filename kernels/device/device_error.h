// Errors after which a device is of no more use to this process.
#ifndef LOCALMAMBA_KERNELS_DEVICE_DEVICE_ERROR_H_
#define LOCALMAMBA_KERNELS_DEVICE_DEVICE_ERROR_H_

#include "absl/status/status.h"

namespace localmamba {

// True if `status` reports a sticky error: one that every later call on the device repeats (an
// illegal address, an uncorrectable memory error), so that only a new process helps. Copies of a
// status keep the mark; a status built anew from the message loses it.
bool IsStickyDeviceError(const absl::Status& status);

// Marks `status`, which is not OK.
void MarkStickyDeviceError(absl::Status& status);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_DEVICE_ERROR_H_
