// Where memory lives and work runs. Chosen once, when a model is loaded, from configuration.
#ifndef LOCALMAMBA_KERNELS_DEVICE_DEVICE_H_
#define LOCALMAMBA_KERNELS_DEVICE_DEVICE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace localmamba {

enum class DeviceType { kCpu, kCuda };

struct Device {
  DeviceType type = DeviceType::kCpu;
  int index = 0;  // CUDA ordinal; 0 for the CPU

  static Device Cpu() { return {}; }
  static Device Cuda(int index) { return {DeviceType::kCuda, index}; }

  // Parses "cpu", "cuda" (= "cuda:0") or "cuda:N". "auto" is the first CUDA device if this build
  // and host have a usable one, else the CPU. Errors: INVALID_ARGUMENT for any other text;
  // UNIMPLEMENTED for "cuda…" in a build without CUDA;
  //         FAILED_PRECONDITION if the host has no such device, naming what was found.
  static absl::StatusOr<Device> Parse(absl::string_view text);

  [[nodiscard]] bool is_cpu() const { return type == DeviceType::kCpu; }
  [[nodiscard]] std::string ToString() const;  // "cpu" or "cuda:N"

  friend bool operator==(const Device&, const Device&) = default;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DEVICE_DEVICE_H_
