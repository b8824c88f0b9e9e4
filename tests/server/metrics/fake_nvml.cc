// Stands in for the driver's library: two GPUs, of which the second tells nothing but its memory.
// FAKE_NVML_ERROR in the environment makes it fail to start.
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kSuccess = 0;
constexpr int kNotSupported = 3;
constexpr int kDriverNotLoaded = 9;

struct Utilization {
  unsigned int gpu, memory;
};
struct Memory {
  unsigned long long total, free, used;
};
using Gpu = char*;  // points into `gpus`

char gpus[2];  // NOLINT: handles

bool IsFirst(Gpu gpu) { return gpu == gpus; }

int Power(Gpu gpu, unsigned int* milliwatts, unsigned int value) {
  *milliwatts = value;
  return IsFirst(gpu) ? kSuccess : kNotSupported;
}

}  // namespace

extern "C" {
int nvmlInit_v2() {
  return std::getenv("FAKE_NVML_ERROR") == nullptr ? kSuccess : kDriverNotLoaded;
}
int nvmlShutdown() { return kSuccess; }
const char* nvmlErrorString(int /*result*/) { return "Driver Not Loaded"; }
int nvmlDeviceGetCount_v2(unsigned int* count) {
  *count = 2;
  return kSuccess;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, Gpu* gpu) {
  *gpu = gpus + index;
  return kSuccess;
}
int nvmlDeviceGetUUID(Gpu gpu, char* uuid, unsigned int bytes) {
  std::snprintf(uuid, bytes, "GPU-%d", static_cast<int>(gpu - gpus));
  return kSuccess;
}
int nvmlDeviceGetUtilizationRates(Gpu gpu, Utilization* rates) {
  *rates = {50, 10};
  return IsFirst(gpu) ? kSuccess : kNotSupported;
}
int nvmlDeviceGetMemoryInfo(Gpu /*gpu*/, Memory* memory) {
  *memory = {1000, 600, 400};
  return kSuccess;
}
int nvmlDeviceGetPowerUsage(Gpu gpu, unsigned int* milliwatts) {
  return Power(gpu, milliwatts, 250'000);
}
int nvmlDeviceGetEnforcedPowerLimit(Gpu gpu, unsigned int* milliwatts) {
  return Power(gpu, milliwatts, 700'000);
}
int nvmlDeviceGetTotalEnergyConsumption(Gpu gpu, unsigned long long* millijoules) {
  *millijoules = 7'000;
  return IsFirst(gpu) ? kSuccess : kNotSupported;
}
}
