#include "kernels/device/device_error.h"

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "kernels/base/check.h"

namespace localmamba {
namespace {

constexpr absl::string_view kPayload = "localmamba/sticky-device-error";

}  // namespace

bool IsStickyDeviceError(const absl::Status& status) {
  return status.GetPayload(kPayload).has_value();
}

void MarkStickyDeviceError(absl::Status& status) {
  LM_CHECK(!status.ok());
  status.SetPayload(kPayload, absl::Cord());
}

}  // namespace localmamba
