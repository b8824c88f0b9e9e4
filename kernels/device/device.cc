#include "kernels/device/device.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"

#ifdef LOCALMAMBA_WITH_CUDA
#include "kernels/device/cuda/cuda_devices.h"
#endif

namespace localmamba {
namespace {

absl::Status CheckCudaDevice(int index) {
#ifdef LOCALMAMBA_WITH_CUDA
  return cuda::CheckDevice(index);
#else
  return absl::UnimplementedError(absl::StrCat(
      "device \"cuda:", index, "\": this build has no CUDA kernels; wanted cpu or auto"));
#endif
}

}  // namespace

absl::StatusOr<Device> Device::Parse(absl::string_view text) {
  if (text == "cpu") return Device::Cpu();
  if (text == "auto") return CheckCudaDevice(0).ok() ? Device::Cuda(0) : Device::Cpu();
  if (text == "cuda" || absl::StartsWith(text, "cuda:")) {
    int index = 0;
    if (text != "cuda" && (!absl::SimpleAtoi(text.substr(5), &index) || index < 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("device \"", text, "\": wanted a device number after \"cuda:\""));
    }
    LM_RETURN_IF_ERROR(CheckCudaDevice(index));
    return Device::Cuda(index);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("device \"", text, "\": wanted auto, cpu, cuda or cuda:N"));
}

std::string Device::ToString() const { return is_cpu() ? "cpu" : absl::StrCat("cuda:", index); }

}  // namespace localmamba
