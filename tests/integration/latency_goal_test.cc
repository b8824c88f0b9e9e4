// A latency goal over a socket. Costs and goal are so long that no test waits for them, and that
// what the machine takes in between does not matter.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "localmamba/v1/vision.grpc.pb.h"
#include "server/runtime/notification.h"
#include "tests/support/fake_models.h"
#include "tests/support/requests.h"
#include "tests/support/test_server.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr absl::Duration kCost = absl::Minutes(10);

class LatencyGoalTest : public testing::Test {
 protected:
  LatencyGoalTest()
      : control_(std::make_shared<FakeEngineControl>()),
        server_({SlowVersion(control_)}, WithGoal(1.5 * kCost)),
        stub_(v1::VisionService::NewStub(
            grpc::CreateChannel(server_.target(), grpc::InsecureChannelCredentials()))) {
    control_->Hold();
    stub_->async()->Classify(&busy_context_, &busy_request_, &busy_response_,
                             [this](const grpc::Status& status) {
                               busy_status_ = status;
                               busy_done_.Notify();
                             });
    control_->AwaitRuns(1);
  }

  ~LatencyGoalTest() override {
    control_->Release();
    busy_done_.WaitForNotification();
    EXPECT_TRUE(busy_status_.ok()) << busy_status_.error_message();
    EXPECT_THAT(control_->runs(), ElementsAre(1)) << "nobody else was run";
    EXPECT_THAT(server_.metrics(), HasSubstr("localmamba_abandoned_requests_total{model=\"fake\","
                                             "version=\"1\"} 0"));
  }

  static std::shared_ptr<ModelVersion> SlowVersion(
      const std::shared_ptr<FakeEngineControl>& control) {
    std::shared_ptr<ModelVersion> version = FakeVersion("fake", 1, control);
    // Larger batches do no more, so that no request waits for others.
    version->warm_batches = {{.images = 8, .activation_bytes = 0, .cost = 8 * kCost},
                             {.images = 1, .activation_bytes = 0, .cost = kCost}};
    return version;
  }

  static TestServer::Options WithGoal(absl::Duration goal) {
    TestServer::Options options;
    options.serving.latency_goal = goal;
    return options;
  }

  grpc::Status Classify(absl::Duration timeout) {
    grpc::ClientContext context;
    if (timeout != absl::InfiniteDuration()) {
      context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    }
    v1::ClassifyResponse response;
    return stub_->Classify(&context, ClassifyRequestOf(2), &response);
  }

  const std::shared_ptr<FakeEngineControl> control_;
  TestServer server_;
  const std::unique_ptr<v1::VisionService::Stub> stub_;
  grpc::ClientContext busy_context_;
  const v1::ClassifyRequest busy_request_ = ClassifyRequestOf(1);
  v1::ClassifyResponse busy_response_;
  grpc::Status busy_status_;
  Notification busy_done_;
};

TEST_F(LatencyGoalTest, WhoCannotBeAnsweredInTimeIsToldAtOnceWhenTheBacklogIsDone) {
  const grpc::Status refused = Classify(absl::InfiniteDuration());
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.error_message(), "the model is too busy to answer within its latency goal");
  google::rpc::Status details;
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(details.ParseFromString(refused.error_details()));
  ASSERT_EQ(details.details_size(), 1);
  ASSERT_TRUE(details.details(0).UnpackTo(&retry));
  EXPECT_GT(retry.retry_delay().seconds(), absl::ToInt64Seconds(kCost / 2));
  EXPECT_LE(retry.retry_delay().seconds(), absl::ToInt64Seconds(kCost));
  EXPECT_THAT(server_.metrics(),
              HasSubstr("localmamba_sheds_total{model=\"fake\",reason=\"latency_goal\",stage="
                        "\"offer\",version=\"1\"} 1"));
}

TEST_F(LatencyGoalTest, WhoseOwnDeadlineIsTooNearIsToldThat) {
  const grpc::Status refused = Classify(kCost);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(refused.error_message(),
            "the deadline is nearer than the time that the model needs to answer");
}

}  // namespace
}  // namespace localmamba::server
