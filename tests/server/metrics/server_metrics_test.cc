#include "server/metrics/server_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

using testing::HasSubstr;
using testing::Not;

class ServerMetricsTest : public testing::Test {
 protected:
  prometheus::Registry registry_;
  ServerMetrics metrics_{registry_};
};

TEST_F(ServerMetricsTest, CountsRequestsByMethodAndCode) {
  metrics_.RequestBegan("Classify");
  metrics_.RequestBegan("Classify");
  metrics_.RequestEnded("Classify", absl::OkStatus());
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr("localmamba_requests_total{code=\"OK\",method=\"Classify\"} 1"));
  EXPECT_THAT(text, HasSubstr("localmamba_in_flight_requests{method=\"Classify\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr("localmamba_rejections_total{")));
}

TEST_F(ServerMetricsTest, CountsRejectionsByReasonAndCode) {
  metrics_.RequestBegan("Embed");
  metrics_.RequestEnded(
      "Embed", Reject(RejectReason::kBatchQueueFull, absl::ResourceExhaustedError("full")));
  const std::string text = metrics_.Text();
  EXPECT_THAT(
      text, HasSubstr("localmamba_requests_total{code=\"RESOURCE_EXHAUSTED\",method=\"Embed\"} 1"));
  EXPECT_THAT(text, HasSubstr("localmamba_rejections_total{code=\"RESOURCE_EXHAUSTED\",method="
                              "\"Embed\",reason=\"batch_queue_full\"} 1"));
}

TEST_F(ServerMetricsTest, GivesTheSameSeriesForTheSameVersion) {
  metrics_.ForVersion("m", 1).batch_size.Observe(3);
  metrics_.ForVersion("m", 1).batch_size.Observe(5);
  metrics_.ForVersion("m", 2).batch_size.Observe(5);
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr("localmamba_batch_size_count{model=\"m\",version=\"1\"} 2"));
  EXPECT_THAT(text, HasSubstr("localmamba_batch_size_sum{model=\"m\",version=\"1\"} 8"));
  EXPECT_THAT(text,
              HasSubstr("localmamba_batch_size_bucket{model=\"m\",version=\"1\",le=\"4\"} 1"));
  EXPECT_THAT(text, HasSubstr("localmamba_batch_size_count{model=\"m\",version=\"2\"} 1"));
}

}  // namespace
}  // namespace localmamba::server
