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

// Dashboards and perf_analyzer ask for these names, labels and units.
TEST_F(ServerMetricsTest, HasTheSeriesOfTritonUnderItsNames) {
  const VersionMetrics version = metrics_.ForVersion("m", 1);
  version.request_seconds.Observe(0.5);
  version.request_seconds.Observe(0.25);
  version.queue_seconds.Observe(0.125);
  version.preprocess_seconds.Observe(0.0625);
  version.compute_seconds.Observe(0.03125);
  version.postprocess_seconds.Observe(0.015625);
  version.batch_size.Observe(3);
  version.batch_size.Observe(5);
  version.queue_length.Set(7);
  version.Failed(Reject(RejectReason::kCancelled, absl::CancelledError("left")));
  version.Failed(Reject(RejectReason::kDeadline, absl::DeadlineExceededError("late")));
  version.Failed(Reject(RejectReason::kBatchQueueFull, absl::ResourceExhaustedError("full")));
  version.Failed(Reject(RejectReason::kInvalidImage, absl::InvalidArgumentError("bad")));
  version.Failed(absl::InternalError("broken"));
  const std::string text = metrics_.Text();
  for (const char* line : {
           "nv_inference_request_success{model=\"m\",version=\"1\"} 2",
           "nv_inference_request_failure{model=\"m\",reason=\"CANCELED\",version=\"1\"} 1",
           "nv_inference_request_failure{model=\"m\",reason=\"REJECTED\",version=\"1\"} 2",
           "nv_inference_request_failure{model=\"m\",reason=\"OTHER\",version=\"1\"} 1",
           "nv_inference_request_failure{model=\"m\",reason=\"BACKEND\",version=\"1\"} 1",
           "nv_inference_count{model=\"m\",version=\"1\"} 8",
           "nv_inference_exec_count{model=\"m\",version=\"1\"} 2",
           "nv_inference_request_duration_us{model=\"m\",version=\"1\"} 750000",
           "nv_inference_queue_duration_us{model=\"m\",version=\"1\"} 125000",
           "nv_inference_compute_input_duration_us{model=\"m\",version=\"1\"} 62500",
           "nv_inference_compute_infer_duration_us{model=\"m\",version=\"1\"} 31250",
           "nv_inference_compute_output_duration_us{model=\"m\",version=\"1\"} 15625",
           "nv_inference_pending_request_count{model=\"m\",version=\"1\"} 7",
           "# TYPE nv_inference_count counter",
           "# TYPE nv_inference_pending_request_count gauge",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST_F(ServerMetricsTest, WhatComesTooLateIsInTheLowestBucketOfSlack) {
  metrics_.ForVersion("m", 1).deadline_slack_seconds.Observe(-0.5);
  metrics_.ForVersion("m", 1).deadline_slack_seconds.Observe(0.5);
  EXPECT_THAT(
      metrics_.Text(),
      HasSubstr("localmamba_deadline_slack_seconds_bucket{model=\"m\",version=\"1\",le=\"0\"} 1"));
}

}  // namespace
}  // namespace localmamba::server
