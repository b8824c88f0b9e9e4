// What becomes of requests when the engine cannot keep up or callers do not wait.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/cpp/vision_client.h"
#include "localmamba/v1/vision.grpc.pb.h"
#include "server/runtime/notification.h"
#include "tests/support/fake_models.h"
#include "tests/support/requests.h"
#include "tests/support/test_server.h"

namespace localmamba::server {
namespace {

using client::VisionClient;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr absl::Duration kTimeout = absl::Seconds(30);

// A call whose answer can be awaited while the test does something else.
class AsyncCall {
 public:
  AsyncCall(v1::VisionService::Stub& stub, uint8_t red, absl::Duration timeout = kTimeout)
      : request_(ClassifyRequestOf(red)) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    stub.async()->Classify(&context_, &request_, &response_, [this](grpc::Status status) {
      status_ = std::move(status);
      done_.Notify();
    });
  }

  void Cancel() { context_.TryCancel(); }

  [[nodiscard]] bool IsDone() const { return done_.HasBeenNotified(); }

  const grpc::Status& Await() {
    done_.WaitForNotification();
    return status_;
  }

 private:
  grpc::ClientContext context_;
  const v1::ClassifyRequest request_;
  v1::ClassifyResponse response_;
  grpc::Status status_;
  Notification done_;
};

// A server with little room, whose queue holds one request, with an engine that is busy.
class OverloadTest : public testing::Test {
 protected:
  OverloadTest()
      : control_(std::make_shared<FakeEngineControl>()),
        server_({FakeVersion("fake", 1, control_)}, QueueOfOne()),
        client_(server_.target()),
        stub_(v1::VisionService::NewStub(
            grpc::CreateChannel(server_.target(), grpc::InsecureChannelCredentials()))) {
    control_->Hold();
    busy_ = std::make_unique<AsyncCall>(*stub_, 1);
    control_->AwaitRuns(1);
  }

  static TestServer::Options QueueOfOne() {
    TestServer::Options options;
    options.serving.queue.max_requests = 1;
    options.admission.max_in_flight_bytes = 4096;  // five pictures
    return options;
  }

  // Waits until `call` has taken the queue's only place; false if it ends without.
  [[nodiscard]] bool IsQueued(const AsyncCall& call) const {
    const std::string full = "localmamba_queue_length{model=\"fake\",version=\"1\"} 1";
    while (!absl::StrContains(server_.metrics(), full)) {
      if (call.IsDone()) return false;
      std::this_thread::yield();
    }
    return true;
  }

  // A request that takes the place of one whose caller has left. The server learns of that a little
  // later than the caller, and until then has no place.
  std::unique_ptr<AsyncCall> TakePlaceOfLeaver() const {
    auto next = std::make_unique<AsyncCall>(*stub_, 3);
    while (!absl::StrContains(server_.metrics(), "reason=\"cancelled\"") &&
           !absl::StrContains(server_.metrics(), "reason=\"deadline\"")) {
      if (next->IsDone()) next = std::make_unique<AsyncCall>(*stub_, 3);
      std::this_thread::yield();
    }
    return next;
  }

  const std::shared_ptr<FakeEngineControl> control_;
  TestServer server_;
  const VisionClient client_;
  const std::unique_ptr<v1::VisionService::Stub> stub_;
  std::unique_ptr<AsyncCall> busy_;
};

TEST_F(OverloadTest, AFullQueueRefusesAndCounts) {
  AsyncCall waiting(*stub_, 2);
  ASSERT_TRUE(IsQueued(waiting));
  const auto refused = client_.Classify(ClassifyRequestOf(3), kTimeout);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("the model's queue is full: 1 requests wait, max_queue_requests is 1"));
  EXPECT_THAT(server_.metrics(), HasSubstr("localmamba_rejections_total{code=\"RESOURCE_EXHAUSTED\""
                                           ",method=\"Classify\",reason=\"batch_queue_full\"}"));
  AsyncCall also_refused(*stub_, 3);
  EXPECT_THAT(also_refused.Await().error_details(), HasSubstr("google.rpc.RetryInfo"));
  control_->Release();
  EXPECT_TRUE(busy_->Await().ok());
  EXPECT_TRUE(waiting.Await().ok());
}

TEST_F(OverloadTest, RequestsThatHoldTooManyBytesTogetherAreRefused) {
  v1::ClassifyRequest large;
  large.mutable_image()->set_encoded(std::string(4000, 'x'));
  const auto refused = client_.Classify(large, kTimeout);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("bytes came, max_in_flight_bytes is 4096"));
  EXPECT_THAT(server_.metrics(), HasSubstr("reason=\"too_many_bytes\"} 1"));
  control_->Release();
  EXPECT_TRUE(busy_->Await().ok());
  // What the first request held is free once gRPC has let go of it.
  absl::StatusCode code = absl::StatusCode::kResourceExhausted;
  while (code == absl::StatusCode::kResourceExhausted) {
    code = client_.Classify(large, kTimeout).status().code();
  }
  EXPECT_EQ(code, absl::StatusCode::kInvalidArgument);  // no picture
}

TEST_F(OverloadTest, ARequestWhoseDeadlinePassesInTheQueueIsNeverRun) {
  AsyncCall late(*stub_, 2, absl::Seconds(2));
  ASSERT_TRUE(IsQueued(late));
  EXPECT_EQ(late.Await().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  const std::unique_ptr<AsyncCall> next = TakePlaceOfLeaver();
  control_->Release();
  EXPECT_TRUE(busy_->Await().ok());
  EXPECT_TRUE(next->Await().ok());
  EXPECT_THAT(control_->runs(), ElementsAre(1, 1));
}

TEST_F(OverloadTest, ACancelledRequestIsNeverRunAndGivesUpItsPlace) {
  AsyncCall left(*stub_, 2);
  ASSERT_TRUE(IsQueued(left));
  left.Cancel();
  EXPECT_EQ(left.Await().error_code(), grpc::StatusCode::CANCELLED);
  const std::unique_ptr<AsyncCall> next = TakePlaceOfLeaver();
  EXPECT_THAT(server_.metrics(),
              HasSubstr("localmamba_rejections_total{code=\"CANCELLED\",method=\"Classify\",reason="
                        "\"cancelled\"} 1"));
  control_->Release();
  EXPECT_TRUE(busy_->Await().ok());
  EXPECT_TRUE(next->Await().ok());
  EXPECT_THAT(control_->runs(), ElementsAre(1, 1));
}

}  // namespace
}  // namespace localmamba::server
