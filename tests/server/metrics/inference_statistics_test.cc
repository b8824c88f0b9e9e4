#include "server/metrics/inference_statistics.h"

#include <gtest/gtest.h>

namespace localmamba::server {
namespace {

constexpr absl::Duration Ms(int count) { return absl::Milliseconds(count); }

TEST(InferenceStatisticsTest, CopiesAreTheRequestsInputAndOutputRatherThanTheNetworks) {
  InferenceStatistics statistics;
  statistics.CountBatch(
      {.images = 4, .requests = 2, .infer = Ms(10), .copy_in = Ms(2), .copy_out = Ms(1)});
  for (int request = 0; request < 2; ++request) {
    statistics.CountSuccess(
        {.input = Ms(5), .queue = Ms(3), .infer = Ms(10), .output = Ms(4), .total = Ms(22)}, 2,
        absl::UnixEpoch());
  }
  const InferenceStatistics::Totals totals = statistics.totals();
  EXPECT_EQ(totals.input.duration, 2 * Ms(5 + 2));
  EXPECT_EQ(totals.infer.duration, 2 * Ms(10 - 3));
  EXPECT_EQ(totals.output.duration, 2 * Ms(4 + 1));
  EXPECT_EQ(totals.infer.count, 2U);
  EXPECT_EQ(totals.by_batch_size.at(4).input.duration, Ms(2));
  EXPECT_EQ(totals.by_batch_size.at(4).infer.duration, Ms(7));
  EXPECT_EQ(totals.by_batch_size.at(4).output.duration, Ms(1));
  EXPECT_EQ(totals.by_batch_size.at(4).infer.count, 1U);
}

}  // namespace
}  // namespace localmamba::server
