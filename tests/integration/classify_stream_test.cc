// ClassifyStream over a socket, with a fake engine behind it.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/vision_client.h"
#include "localmamba/v1/vision.grpc.pb.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_models.h"
#include "tests/support/requests.h"
#include "tests/support/test_server.h"

namespace localmamba::server {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Le;

constexpr absl::Duration kTimeout = absl::Minutes(1);

using Answers = std::vector<v1::ClassifyStreamResponse>;

v1::ClassifyStreamRequest FrameOf(uint8_t red) {
  v1::ClassifyStreamRequest message;
  *message.mutable_frame() = ClassifyRequestOf(red);
  message.mutable_frame()->set_request_id(absl::StrCat("red ", red));
  return message;
}

v1::ClassifyStreamRequest OptionsOf(bool newest_wins, int32_t max_in_flight) {
  v1::ClassifyStreamRequest message;
  message.mutable_options()->set_newest_wins(newest_wins);
  message.mutable_options()->set_max_in_flight(max_in_flight);
  return message;
}

// One call, from the caller's side.
class Call {
 public:
  explicit Call(v1::VisionService::Stub& stub) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(2)));
    stream_ = stub.ClassifyStream(&context_);
  }

  void Write(const v1::ClassifyStreamRequest& message) { EXPECT_TRUE(stream_->Write(message)); }
  void WritesDone() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }

  v1::ClassifyStreamResponse Read() {
    v1::ClassifyStreamResponse answer;
    EXPECT_TRUE(stream_->Read(&answer));
    return answer;
  }

  // What is left to read.
  Answers ReadAll() {
    Answers answers;
    v1::ClassifyStreamResponse answer;
    while (stream_->Read(&answer)) answers.push_back(answer);
    return answers;
  }

  grpc::Status Finish() { return stream_->Finish(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ClassifyStreamRequest, v1::ClassifyStreamResponse>>
      stream_;
};

class ClassifyStreamTest : public testing::Test {
 protected:
  ClassifyStreamTest()
      : control_(std::make_shared<FakeEngineControl>()),
        server_({FakeVersion("fake", 1, control_)}, QueueOfThree()),
        stub_(v1::VisionService::NewStub(
            grpc::CreateChannel(server_.target(), grpc::InsecureChannelCredentials()))) {}

  static TestServer::Options QueueOfThree() {
    TestServer::Options options;
    options.serving.queue.max_requests = 3;
    options.max_frames_per_stream = 8;
    return options;
  }

  // Until the metrics have `line`.
  [[nodiscard]] bool Await(const std::string& line) const {
    return Eventually([&] { return absl::StrContains(server_.metrics(), line); });
  }

  const std::shared_ptr<FakeEngineControl> control_;
  TestServer server_;
  const std::unique_ptr<v1::VisionService::Stub> stub_;
};

TEST_F(ClassifyStreamTest, AnswersEachFrameInOrderAndEndsWithOk) {
  Call call(*stub_);
  call.Write(OptionsOf(false, 3));
  std::thread writer([&] {
    for (uint8_t red = 0; red < 100; ++red) call.Write(FrameOf(red));
    call.WritesDone();
  });
  const Answers answers = call.ReadAll();
  writer.join();
  EXPECT_TRUE(call.Finish().ok());
  ASSERT_EQ(answers.size(), 100);
  for (int i = 0; i < 100; ++i) {
    const v1::ClassifyStreamResponse& answer = answers[static_cast<size_t>(i)];
    EXPECT_EQ(answer.frame(), i);
    EXPECT_EQ(answer.request_id(), absl::StrCat("red ", i));
    EXPECT_EQ(answer.classification().classes(0).id(), i % 10);
    EXPECT_EQ(answer.classification().request_id(), answer.request_id());
  }
  EXPECT_TRUE(Await("localmamba_requests_total{code=\"OK\",method=\"ClassifyStream\"} 100"));
  EXPECT_TRUE(Await("localmamba_streams_total{code=\"OK\",method=\"ClassifyStream\"} 1"));
}

TEST_F(ClassifyStreamTest, ABadFrameGetsItsErrorInItsPlaceAndTheStreamGoesOn) {
  control_->Hold();
  Call call(*stub_);
  call.Write(FrameOf(1));
  v1::ClassifyStreamRequest bad = FrameOf(2);
  bad.mutable_frame()->mutable_image()->set_encoded("no picture");
  call.Write(bad);
  bad = FrameOf(3);
  bad.mutable_frame()->set_request_id(std::string(257, 'x'));
  call.Write(bad);
  call.Write(v1::ClassifyStreamRequest());
  ASSERT_TRUE(Await("reason=\"invalid_request\"} 2"));  // answered before the first
  control_->Release();
  EXPECT_EQ(call.Read().classification().classes(0).id(), 1);
  v1::ClassifyStreamResponse answer = call.Read();
  EXPECT_EQ(answer.request_id(), "red 2");
  EXPECT_EQ(answer.error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(answer.error().message(), HasSubstr("image: "));
  EXPECT_FALSE(answer.error().has_retry_delay());
  answer = call.Read();
  EXPECT_EQ(answer.frame(), 2);
  EXPECT_EQ(answer.error().message(), "request_id: found 257 bytes, wanted at most 256");
  EXPECT_EQ(call.Read().error().message(), "frame: found none, wanted one");
  call.Write(FrameOf(4));
  EXPECT_EQ(call.Read().classification().classes(0).id(), 4);
  call.WritesDone();
  EXPECT_TRUE(call.ReadAll().empty());
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(ClassifyStreamTest, ClosingOneSideFinishesWhatIsPending) {
  control_->Hold();
  Call call(*stub_);
  call.Write(FrameOf(1));
  call.Write(FrameOf(2));
  call.WritesDone();
  control_->AwaitRuns(1);
  control_->Release();
  EXPECT_EQ(call.ReadAll().size(), 2);
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(ClassifyStreamTest, WorksOnNoMoreFramesAtOnceThanTheOptionsAllow) {
  control_->Hold();
  Call call(*stub_);
  call.Write(OptionsOf(false, 3));
  std::thread writer([&] {
    for (uint8_t red = 0; red < 50; ++red) call.Write(FrameOf(red));
    call.WritesDone();
  });
  EXPECT_TRUE(Await("localmamba_in_flight_requests{method=\"ClassifyStream\"} 3"));
  control_->Release();
  EXPECT_EQ(call.ReadAll().size(), 50);
  writer.join();
  EXPECT_TRUE(call.Finish().ok());
  EXPECT_THAT(control_->runs(), Each(Le(3)));
}

TEST_F(ClassifyStreamTest, NewestWinsSkipsFramesThatWait) {
  control_->Hold();
  Call call(*stub_);
  v1::ClassifyStreamRequest first = FrameOf(0);
  first.mutable_options()->set_newest_wins(true);
  call.Write(first);
  control_->AwaitRuns(1);
  for (uint8_t red = 1; red <= 5; ++red) call.Write(FrameOf(red));
  ASSERT_TRUE(Await("method=\"ClassifyStream\",reason=\"skipped\"} 4"));
  call.WritesDone();
  control_->Release();
  const Answers answers = call.ReadAll();
  EXPECT_TRUE(call.Finish().ok());
  ASSERT_EQ(answers.size(), 6);
  EXPECT_EQ(answers[0].classification().classes(0).id(), 0);
  for (size_t i = 1; i <= 4; ++i) {
    EXPECT_TRUE(answers[i].has_skipped());
    EXPECT_EQ(answers[i].request_id(), absl::StrCat("red ", i));
  }
  EXPECT_EQ(answers[5].classification().classes(0).id(), 5);
  EXPECT_THAT(control_->runs(), ElementsAre(1, 1));
}

TEST_F(ClassifyStreamTest, ACallerThatLeavesTakesItsFramesWithIt) {
  control_->Hold();
  Call call(*stub_);
  call.Write(OptionsOf(false, 4));
  call.Write(FrameOf(0));
  control_->AwaitRuns(1);
  for (uint8_t red = 1; red <= 3; ++red) call.Write(FrameOf(red));
  ASSERT_TRUE(Await("localmamba_queue_length{model=\"fake\",version=\"1\"} 3"));
  call.Cancel();
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::CANCELLED);
  // The queue is full, so another's request gets a place only once the server knows.
  std::thread other([&] {
    const client::VisionClient client(server_.target());
    EXPECT_TRUE(Eventually([&] { return client.Classify(ClassifyRequestOf(1), kTimeout).ok(); }));
  });
  EXPECT_TRUE(Await("method=\"ClassifyStream\",reason=\"cancelled\"} 3"));
  control_->Release();
  other.join();
  EXPECT_TRUE(Await("localmamba_streams_total{code=\"CANCELLED\",method=\"ClassifyStream\"} 1"));
  EXPECT_TRUE(Await("localmamba_open_streams{method=\"ClassifyStream\"} 0"));
  EXPECT_TRUE(Await("localmamba_in_flight_requests{method=\"ClassifyStream\"} 0"));
  EXPECT_THAT(control_->runs(), ElementsAre(1, 1));
}

TEST_F(ClassifyStreamTest, NewFramesAreUnavailableWhileTheServerStops) {
  Call call(*stub_);
  call.Write(FrameOf(1));
  EXPECT_TRUE(call.Read().has_classification());
  server_.lifecycle().Enter(Phase::kStopping);
  call.Write(FrameOf(2));
  const v1::ClassifyStreamResponse answer = call.Read();
  EXPECT_EQ(answer.error().code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(answer.error().message(), "the server is stopping");
}

TEST_F(ClassifyStreamTest, AFullQueueTellsWhenToRetry) {
  control_->Hold();
  Call call(*stub_);
  call.Write(FrameOf(0));
  control_->AwaitRuns(1);
  for (uint8_t red = 1; red <= 4; ++red) call.Write(FrameOf(red));
  ASSERT_TRUE(Await("method=\"ClassifyStream\",reason=\"batch_queue_full\"} 1"));
  control_->Release();
  call.WritesDone();
  int refused = 0;
  for (const v1::ClassifyStreamResponse& answer : call.ReadAll()) {
    if (!answer.has_error()) continue;
    ++refused;
    EXPECT_EQ(answer.error().code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(answer.error().retry_delay().seconds(), 1);
  }
  EXPECT_EQ(refused, 1);
}

TEST_F(ClassifyStreamTest, BadOptionsEndTheStreamWithWhatWasWanted) {
  Call zero(*stub_);
  zero.Write(OptionsOf(false, 0));
  EXPECT_TRUE(zero.ReadAll().empty());
  const grpc::Status status = zero.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "options.max_in_flight: found 0, wanted 1 or more");

  Call late(*stub_);
  late.Write(FrameOf(1));
  late.Write(OptionsOf(true, 1));
  EXPECT_EQ(late.ReadAll().size(), 1);
  EXPECT_EQ(late.Finish().error_message(),
            "options: found in a later message, wanted in the first only");
}

}  // namespace
}  // namespace localmamba::server
