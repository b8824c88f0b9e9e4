#include "kernels/device/device.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace localmamba {

absl::StatusOr<Device> Device::Parse(absl::string_view text) {
  if (text == "cpu" || text == "auto") return Device::Cpu();
  if (text == "cuda" || absl::StartsWith(text, "cuda:")) {
    int index = 0;
    if (text != "cuda" && (!absl::SimpleAtoi(text.substr(5), &index) || index < 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("device \"", text, "\": wanted a device number after \"cuda:\""));
    }
    return absl::UnimplementedError(
        absl::StrCat("device \"", text, "\": this build has no CUDA kernels; wanted cpu or auto"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("device \"", text, "\": wanted auto, cpu, cuda or cuda:N"));
}

std::string Device::ToString() const { return is_cpu() ? "cpu" : absl::StrCat("cuda:", index); }

}  // namespace localmamba
