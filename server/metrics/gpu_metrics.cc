#include "server/metrics/gpu_metrics.h"

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"

namespace localmamba::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// The part of nvml.h that is used here; its ABI does not change.
using NvmlDevice = struct nvmlDevice_st*;
constexpr int kNvmlSuccess = 0;
constexpr unsigned int kUuidBytes = 96;
struct NvmlUtilization {
  unsigned int gpu;  // percent of the time in which a kernel ran
  unsigned int memory;
};
struct NvmlMemory {
  unsigned long long total;  // NOLINT(google-runtime-int): as NVML has it
  unsigned long long free;   // NOLINT(google-runtime-int)
  unsigned long long used;   // NOLINT(google-runtime-int)
};

template <class Function>
absl::Status Find(void* library, const char* name, Function& function) {
  // A function's address comes as that of an object.
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function != nullptr) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("NVML has no function ", name));
}

MetricFamily Family(const char* name, const char* help, MetricType type = MetricType::Gauge) {
  return {.name = name, .help = help, .type = type, .metric = {}};
}

void Add(MetricFamily& family, const std::string& uuid, double value) {
  ClientMetric metric;
  metric.label.push_back({"gpu_uuid", uuid});
  (family.type == MetricType::Gauge ? metric.gauge.value : metric.counter.value) = value;
  family.metric.push_back(std::move(metric));
}

}  // namespace

class GpuMetrics::Nvml {
 public:
  explicit Nvml(void* library) : library_(library) {}
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;
  ~Nvml() {
    if (started_) shutdown();
    dlclose(library_);
  }

  absl::Status Start() {
    LM_RETURN_IF_ERROR(Find(library_, "nvmlInit_v2", init));
    LM_RETURN_IF_ERROR(Find(library_, "nvmlShutdown", shutdown));
    LM_RETURN_IF_ERROR(Find(library_, "nvmlErrorString", error_string));
    LM_RETURN_IF_ERROR(Find(library_, "nvmlDeviceGetCount_v2", count));
    LM_RETURN_IF_ERROR(Find(library_, "nvmlDeviceGetHandleByIndex_v2", handle));
    LM_RETURN_IF_ERROR(Find(library_, "nvmlDeviceGetUUID", uuid));
    LM_RETURN_IF_ERROR(Find(library_, "nvmlDeviceGetUtilizationRates", utilization));
    LM_RETURN_IF_ERROR(Find(library_, "nvmlDeviceGetMemoryInfo", memory));
    LM_RETURN_IF_ERROR(Find(library_, "nvmlDeviceGetPowerUsage", power));
    LM_RETURN_IF_ERROR(Find(library_, "nvmlDeviceGetEnforcedPowerLimit", power_limit));
    LM_RETURN_IF_ERROR(Find(library_, "nvmlDeviceGetTotalEnergyConsumption", energy));
    const int result = init();
    started_ = result == kNvmlSuccess;
    if (started_) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("NVML: ", error_string(result)));
  }

  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*error_string)(int) = nullptr;
  int (*count)(unsigned int*) = nullptr;
  int (*handle)(unsigned int, NvmlDevice*) = nullptr;
  int (*uuid)(NvmlDevice, char*, unsigned int) = nullptr;
  int (*utilization)(NvmlDevice, NvmlUtilization*) = nullptr;
  int (*memory)(NvmlDevice, NvmlMemory*) = nullptr;
  int (*power)(NvmlDevice, unsigned int* milliwatts) = nullptr;
  int (*power_limit)(NvmlDevice, unsigned int* milliwatts) = nullptr;
  int (*energy)(NvmlDevice,
                unsigned long long* millijoules) = nullptr;  // NOLINT(google-runtime-int)

 private:
  void* const library_;
  bool started_ = false;
};

absl::StatusOr<std::unique_ptr<GpuMetrics>> GpuMetrics::Create(const std::string& library) {
  void* const loaded = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (loaded == nullptr) {
    return absl::NotFoundError(absl::StrCat(library, ": cannot load: ", dlerror()));
  }
  auto nvml = std::make_unique<Nvml>(loaded);
  LM_RETURN_IF_ERROR(nvml->Start());
  return std::unique_ptr<GpuMetrics>(new GpuMetrics(std::move(nvml)));
}

GpuMetrics::GpuMetrics(std::unique_ptr<const Nvml> nvml) : nvml_(std::move(nvml)) {}

GpuMetrics::~GpuMetrics() = default;

std::vector<MetricFamily> GpuMetrics::Collect() const {
  MetricFamily utilization =
      Family("nv_gpu_utilization", "Share of the time in which the GPU worked, 0 to 1");
  MetricFamily power = Family("nv_gpu_power_usage", "Watts that the GPU takes");
  MetricFamily power_limit = Family("nv_gpu_power_limit", "Watts that the GPU may take");
  MetricFamily used = Family("nv_gpu_memory_used_bytes", "Memory of the GPU that is in use");
  MetricFamily total = Family("nv_gpu_memory_total_bytes", "Memory of the GPU");
  MetricFamily energy =
      Family("nv_energy_consumption", "Joules that the GPU took since the driver was loaded",
             MetricType::Counter);
  unsigned int gpus = 0;
  if (nvml_->count(&gpus) != kNvmlSuccess) gpus = 0;
  for (unsigned int i = 0; i < gpus; ++i) {
    NvmlDevice gpu = nullptr;
    std::array<char, kUuidBytes> uuid{};
    if (nvml_->handle(i, &gpu) != kNvmlSuccess ||
        nvml_->uuid(gpu, uuid.data(), kUuidBytes) != kNvmlSuccess) {
      continue;
    }
    NvmlUtilization rates{};
    if (nvml_->utilization(gpu, &rates) == kNvmlSuccess) {
      Add(utilization, uuid.data(), rates.gpu / 100.0);
    }
    NvmlMemory memory{};
    if (nvml_->memory(gpu, &memory) == kNvmlSuccess) {
      Add(used, uuid.data(), static_cast<double>(memory.used));
      Add(total, uuid.data(), static_cast<double>(memory.total));
    }
    unsigned int milliwatts = 0;
    if (nvml_->power(gpu, &milliwatts) == kNvmlSuccess) {
      Add(power, uuid.data(), milliwatts / 1000.0);
    }
    if (nvml_->power_limit(gpu, &milliwatts) == kNvmlSuccess) {
      Add(power_limit, uuid.data(), milliwatts / 1000.0);
    }
    unsigned long long millijoules = 0;  // NOLINT(google-runtime-int)
    if (nvml_->energy(gpu, &millijoules) == kNvmlSuccess) {
      Add(energy, uuid.data(), static_cast<double>(millijoules) / 1000.0);
    }
  }
  std::vector<MetricFamily> families;
  for (MetricFamily* family : {&utilization, &power, &power_limit, &used, &total, &energy}) {
    if (!family->metric.empty()) families.push_back(std::move(*family));
  }
  return families;
}

}  // namespace localmamba::server
