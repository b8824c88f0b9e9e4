#include "server/metrics/gpu_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "server/metrics/server_metrics.h"

namespace localmamba::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(GpuMetricsTest, TellsWhatEachGpuTells) {
  const auto gpu = GpuMetrics::Create(FAKE_NVML);
  ASSERT_TRUE(gpu.ok()) << gpu.status();
  prometheus::Registry registry;
  ServerMetrics metrics(registry);
  metrics.AlsoCollect(**gpu);
  const std::string text = metrics.Text();
  for (const char* line : {
           "# TYPE nv_gpu_utilization gauge",
           "nv_gpu_utilization{gpu_uuid=\"GPU-0\"} 0.5",
           "nv_gpu_power_usage{gpu_uuid=\"GPU-0\"} 250",
           "nv_gpu_power_limit{gpu_uuid=\"GPU-0\"} 700",
           "nv_gpu_memory_used_bytes{gpu_uuid=\"GPU-0\"} 400",
           "nv_gpu_memory_used_bytes{gpu_uuid=\"GPU-1\"} 400",
           "nv_gpu_memory_total_bytes{gpu_uuid=\"GPU-1\"} 1000",
           "# TYPE nv_energy_consumption counter",
           "nv_energy_consumption{gpu_uuid=\"GPU-0\"} 7",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, AllOf(Not(HasSubstr("nv_gpu_utilization{gpu_uuid=\"GPU-1\"}")),
                          Not(HasSubstr("nv_energy_consumption{gpu_uuid=\"GPU-1\"}"))));
}

TEST(GpuMetricsTest, TellsWhyThereAreNone) {
  const absl::Status missing = GpuMetrics::Create("libno-such-library.so").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("libno-such-library.so: cannot load"));
  setenv("FAKE_NVML_ERROR", "1", /*replace=*/1);
  const absl::Status driver = GpuMetrics::Create(FAKE_NVML).status();
  unsetenv("FAKE_NVML_ERROR");
  EXPECT_EQ(driver.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(driver.message()), HasSubstr("Driver Not Loaded"));
}

}  // namespace
}  // namespace localmamba::server
