#include "client/cpp/vision_client.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cpp/retry.h"
#include "tests/client/cpp/scripted_server.h"

namespace localmamba::client {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);

RetryOptions Attempts(int count) {
  return {.max_attempts = count, .initial_backoff = absl::Milliseconds(1)};
}

// A ClassifyAsync whose answer can be awaited.
class Classification {
 public:
  Classification(const VisionClient& client, const std::string& id,
                 absl::Duration timeout = kTimeout) {
    auto request = std::make_shared<v1::ClassifyRequest>();
    request->set_request_id(id);
    call_ = client.ClassifyAsync(std::move(request), timeout,
                                 [this](absl::StatusOr<v1::ClassifyResponse> response) {
                                   answer_.set_value(std::move(response));
                                 });
  }

  void Cancel() { call_->Cancel(); }
  absl::StatusOr<v1::ClassifyResponse> Await() { return answer_.get_future().get(); }

 private:
  std::promise<absl::StatusOr<v1::ClassifyResponse>> answer_;
  std::shared_ptr<RunningCall> call_;
};

TEST(VisionClientTest, AnswersWithoutWaiting) {
  ScriptedServer server;
  const VisionClient client(server.target());
  server.Hold();
  Classification first(client, "first");
  Classification second(client, "second");
  server.AwaitCalls(2);  // both are under way at once
  server.Release();
  EXPECT_EQ(first.Await()->request_id(), "first");
  EXPECT_EQ(second.Await()->request_id(), "second");
}

TEST(VisionClientTest, ACallOutlivesItsClient) {
  ScriptedServer server;
  server.Hold();
  Classification call(VisionClient(server.target()), "orphan");
  server.AwaitCalls(1);
  server.Release();
  EXPECT_EQ(call.Await()->request_id(), "orphan");
}

TEST(VisionClientTest, ACancelledCallEnds) {
  ScriptedServer server;
  const VisionClient client(server.target());
  server.Hold();
  Classification call(client, "");
  server.AwaitCalls(1);
  call.Cancel();
  EXPECT_EQ(call.Await().status().code(), absl::StatusCode::kCancelled);
}

TEST(VisionClientTest, NothingIsRepeatedByDefault) {
  ScriptedServer server;
  server.Answer(Busy(absl::Milliseconds(1)));
  EXPECT_EQ(VisionClient(server.target()).Classify({}, kTimeout).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(server.calls(), 1);
}

TEST(VisionClientTest, RepeatsUntilAServerThatWasBusyAnswers) {
  ScriptedServer server;
  server.Answer(Busy(absl::Milliseconds(30)));
  server.Answer({grpc::StatusCode::UNAVAILABLE, "the server is loading"});
  const VisionClient client(server.target(), {.retry = Attempts(3)});
  v1::EmbedRequest request;
  request.set_request_id("third time");
  const absl::Time start = absl::Now();
  const absl::StatusOr<v1::EmbedResponse> response = client.Embed(request, kTimeout);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->request_id(), "third time");
  EXPECT_EQ(server.calls(), 3);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(30));
}

TEST(VisionClientTest, GivesTheLastErrorAfterTheLastAttempt) {
  ScriptedServer server;
  server.Answer({grpc::StatusCode::UNAVAILABLE, "first"});
  server.Answer({grpc::StatusCode::UNAVAILABLE, "second"});
  const VisionClient client(server.target(), {.retry = Attempts(2)});
  EXPECT_EQ(client.Classify({}, kTimeout).status().message(), "second");
  EXPECT_EQ(server.calls(), 2);
}

TEST(VisionClientTest, DoesNotRepeatABadRequest) {
  ScriptedServer server;
  server.Answer({grpc::StatusCode::INVALID_ARGUMENT, "no picture"});
  const VisionClient client(server.target(), {.retry = Attempts(5)});
  EXPECT_EQ(client.Classify({}, kTimeout).status().message(), "no picture");
  EXPECT_EQ(server.calls(), 1);
}

TEST(VisionClientTest, DoesNotWaitBeyondTheDeadlineForAnAttemptThatWouldBeTooLate) {
  ScriptedServer server;
  server.Answer(Busy(absl::Hours(1)));
  const VisionClient client(server.target(), {.retry = Attempts(5)});
  const absl::Time start = absl::Now();
  EXPECT_EQ(client.Classify({}, absl::Minutes(10)).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_LT(absl::Now() - start, absl::Minutes(10));
  EXPECT_EQ(server.calls(), 1);
}

TEST(VisionClientTest, StopsToRepeatWhenTheBudgetIsSpent) {
  ScriptedServer server;
  for (int i = 0; i < 10; ++i) server.Answer({grpc::StatusCode::UNAVAILABLE, "busy"});
  RetryOptions retry = Attempts(3);
  retry.budget = 3;
  const VisionClient client(server.target(), {.retry = retry});
  EXPECT_FALSE(client.Classify({}, kTimeout).ok());
  EXPECT_EQ(server.calls(), 3);
  EXPECT_FALSE(VisionClient(client).Classify({}, kTimeout).ok());  // a copy shares the budget
  EXPECT_EQ(server.calls(), 5);
  EXPECT_FALSE(client.Classify({}, kTimeout).ok());
  EXPECT_EQ(server.calls(), 6);
}

TEST(VisionClientTest, CancellingEndsThePauseBeforeAnAttempt) {
  ScriptedServer server;
  server.Answer(Busy(absl::Minutes(5)));
  const VisionClient client(server.target(), {.retry = Attempts(2)});
  Classification call(client, "", absl::Hours(1));
  server.AwaitCalls(1);
  call.Cancel();  // before or after the client has heard of the server's answer
  EXPECT_FALSE(call.Await().ok());
  EXPECT_EQ(server.calls(), 1);
}

TEST(VisionClientTest, SeveralServersTakeTurns) {
  ScriptedServer one;
  ScriptedServer two;
  const VisionClient client(absl::StrCat("ipv4:", one.target(), ",", two.target()));
  while (one.calls() == 0 || two.calls() == 0) {  // until both connections have come about
    ASSERT_TRUE(client.Classify({}, kTimeout).ok());
  }
  const int before = one.calls();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.Classify({}, kTimeout).ok());
  EXPECT_EQ(one.calls(), before + 5);
}

TEST(VisionClientTest, LeavesOutAServerThatDrains) {
  ScriptedServer draining;
  ScriptedServer healthy;
  const VisionClient client(absl::StrCat("ipv4:", draining.target(), ",", healthy.target()),
                            {.only_healthy = true});
  while (draining.calls() == 0 || healthy.calls() == 0) {
    ASSERT_TRUE(client.Classify({}, kTimeout).ok());
  }
  draining.SetServing(false);
  // Until the client has heard of it, both still take turns.
  int last = -1;
  int same = 0;
  while (same < 10) {
    ASSERT_TRUE(client.Classify({}, kTimeout).ok());
    same = draining.calls() == last ? same + 1 : 0;
    last = draining.calls();
  }
  draining.SetServing(true);
  while (draining.calls() == last) ASSERT_TRUE(client.Classify({}, kTimeout).ok());
}

v1::ClassifyRequest FrameOf(const std::string& id) {
  v1::ClassifyRequest frame;
  frame.set_request_id(id);
  return frame;
}

TEST(VisionClientTest, AStreamAnswersItsFramesInOrder) {
  ScriptedServer server;
  server.Answer(grpc::Status::OK);
  server.Answer({grpc::StatusCode::INVALID_ARGUMENT, "no picture"});
  const VisionClient client(server.target());
  const auto stream = client.ClassifyStream({}, kTimeout);
  for (const char* id : {"a", "b", "c"}) EXPECT_TRUE(stream->Send(FrameOf(id)));
  stream->CloseSending();
  std::string answered;
  while (const auto answer = stream->Receive()) {
    absl::StrAppend(&answered, answer->frame(), answer->request_id(),
                    answer->has_classification() ? " ok " : " error ");
  }
  EXPECT_EQ(answered, "0a ok 1b error 2c ok ");
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(VisionClientTest, AStreamTellsHowItEnded) {
  ScriptedServer server;
  server.Answer({grpc::StatusCode::ABORTED, "enough"});
  const auto stream = VisionClient(server.target()).ClassifyStream({}, kTimeout);
  EXPECT_TRUE(stream->Send(FrameOf("a")));
  EXPECT_FALSE(stream->Receive().has_value());
  EXPECT_FALSE(stream->Send(FrameOf("b")));
  EXPECT_EQ(stream->Finish(), absl::AbortedError("enough"));
}

TEST(VisionClientTest, AStreamThatIsDroppedIsCancelled) {
  ScriptedServer server;
  server.Hold();
  auto stream = VisionClient(server.target()).ClassifyStream({}, absl::Hours(1));
  EXPECT_TRUE(stream->Send(FrameOf("a")));
  server.AwaitCalls(1);
  stream.reset();
}

TEST(VisionClientTest, DetectsAndSegmentsInAllThreeWays) {
  ScriptedServer server;
  v1::DetectResponse objects;
  objects.add_detections()->set_class_name("cat");
  server.SetDetection(objects);
  v1::SegmentResponse regions;
  regions.add_classes()->set_name("sky");
  server.SetSegmentation(regions);
  const VisionClient client(server.target());

  EXPECT_EQ(client.Detect({}, kTimeout).value().detections(0).class_name(), "cat");
  EXPECT_EQ(client.Segment({}, kTimeout).value().classes(0).name(), "sky");

  std::promise<std::string> object;
  client.DetectAsync(std::make_shared<v1::DetectRequest>(), kTimeout, [&](auto response) {
    object.set_value(response.value().detections(0).class_name());
  });
  EXPECT_EQ(object.get_future().get(), "cat");
  std::promise<std::string> region;
  client.SegmentAsync(std::make_shared<v1::SegmentRequest>(), kTimeout,
                      [&](auto response) { region.set_value(response.value().classes(0).name()); });
  EXPECT_EQ(region.get_future().get(), "sky");

  const auto detections = client.DetectStream({}, kTimeout);
  EXPECT_TRUE(detections->Send({}));
  EXPECT_EQ(detections->Receive()->detection().detections(0).class_name(), "cat");
  const auto segmentations = client.SegmentStream({}, kTimeout);
  EXPECT_TRUE(segmentations->Send({}));
  EXPECT_EQ(segmentations->Receive()->segmentation().classes(0).name(), "sky");
}

TEST(VisionClientTest, AFramesErrorIsThatOfASingleCall) {
  v1::FrameError error;
  error.set_code(grpc::StatusCode::RESOURCE_EXHAUSTED);
  error.set_message("the queue is full");
  EXPECT_EQ(ToStatus(error), absl::ResourceExhaustedError("the queue is full"));
  error.mutable_retry_delay()->set_seconds(2);
  EXPECT_EQ(RetryDelay(ToStatus(error), 2, {.max_attempts = 2}, 0), absl::Seconds(2));
}

TEST(VisionClientTest, WithoutAServerCallsAreUnavailable) {
  const VisionClient client("ipv4:127.0.0.1:1,127.0.0.1:2");
  EXPECT_EQ(client.Classify({}, kTimeout).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace localmamba::client
