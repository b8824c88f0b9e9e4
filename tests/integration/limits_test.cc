// What the data port refuses whatever it is asked for.
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
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "localmamba/v1/vision.grpc.pb.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_models.h"
#include "tests/support/requests.h"
#include "tests/support/test_server.h"

namespace localmamba::server {
namespace {

using testing::HasSubstr;

class LimitsTest : public testing::Test {
 protected:
  // Give limits, then start.
  void Start() {
    server_ = std::make_unique<TestServer>(
        std::vector<std::shared_ptr<ModelVersion>>{FakeVersion("fake", 1, control_)}, options_);
    stub_ = v1::VisionService::NewStub(
        grpc::CreateChannel(server_->target(), grpc::InsecureChannelCredentials()));
  }

  // `key` is sent as the metadata x-api-key, unless it is empty.
  grpc::Status Classify(const std::string& key = "", size_t metadata_bytes = 0) const {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(1)));
    if (!key.empty()) context.AddMetadata("x-api-key", key);
    if (metadata_bytes > 0) context.AddMetadata("x-padding", std::string(metadata_bytes, 'x'));
    v1::ClassifyResponse response;
    return stub_->Classify(&context, ClassifyRequestOf(1), &response);
  }

  [[nodiscard]] bool Await(const std::string& line) const {
    return Eventually([&] { return absl::StrContains(server_->metrics(), line); });
  }

  TestServer::Options options_;
  const std::shared_ptr<FakeEngineControl> control_ = std::make_shared<FakeEngineControl>();
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<v1::VisionService::Stub> stub_;
};

TEST_F(LimitsTest, RefusesMoreRequestsThanMayBeInFlight) {
  options_.admission.max_in_flight_requests = 1;
  Start();
  control_->Hold();
  std::thread first([this] { EXPECT_TRUE(Classify().ok()); });
  control_->AwaitRuns(1);
  const grpc::Status refused = Classify();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.error_message(),
            "too many requests are in flight: max_in_flight_requests is 1");
  EXPECT_TRUE(Await("reason=\"too_many_requests\"} 1"));
  control_->Release();
  first.join();
  // The place is free once gRPC has let go of the call.
  EXPECT_TRUE(Eventually([this] { return Classify().ok(); }));
}

TEST_F(LimitsTest, RefusesMoreStreamsThanMayBeOpen) {
  options_.admission.max_streams = 1;
  Start();
  grpc::ClientContext first_context;
  const auto first = stub_->ClassifyStream(&first_context);
  ASSERT_TRUE(Await("localmamba_open_streams{method=\"ClassifyStream\"} 1"));
  grpc::ClientContext second_context;
  const grpc::Status refused = stub_->ClassifyStream(&second_context)->Finish();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.error_message(), "too many streams: 1 are open, as max_streams allows");
  first->WritesDone();
  EXPECT_TRUE(first->Finish().ok());
  EXPECT_TRUE(Eventually([this] {
    grpc::ClientContext context;
    const auto stream = stub_->ClassifyStream(&context);
    stream->WritesDone();
    return stream->Finish().ok();
  }));
}

TEST_F(LimitsTest, StreamsEndWhenTheServerStopsAfterWhatTheyHaveRead) {
  Start();
  control_->Hold();
  grpc::ClientContext context;
  const auto stream = stub_->ClassifyStream(&context);
  v1::ClassifyStreamRequest frame;
  *frame.mutable_frame() = ClassifyRequestOf(7);
  ASSERT_TRUE(stream->Write(frame));
  control_->AwaitRuns(1);
  server_->admission().streams().CloseAll();
  control_->Release();
  v1::ClassifyStreamResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.classification().classes(0).id(), 7);
  EXPECT_FALSE(stream->Read(&answer));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the server is stopping");
  grpc::ClientContext late_context;
  EXPECT_EQ(stub_->ClassifyStream(&late_context)->Finish().error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(LimitsTest, AClientThatAsksTooOftenIsToldWhenToAskAgain) {
  options_.admission.client_rate = {.rate = 0.001, .burst = 2};
  options_.admission.client_key = "x-api-key";
  Start();
  EXPECT_TRUE(Classify("a").ok());
  EXPECT_TRUE(Classify("a").ok());
  const grpc::Status refused = Classify("a");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.error_message(), HasSubstr("this client asks too often"));
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(refused.error_details()));
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(details.details(0).UnpackTo(&retry));
  EXPECT_GT(retry.retry_delay().seconds(), 500);
  EXPECT_LE(retry.retry_delay().seconds(), 1000);
  EXPECT_TRUE(Await("reason=\"client_rate\"} 1"));
  EXPECT_TRUE(Classify("b").ok());
  EXPECT_TRUE(Classify().ok());  // all that have no key are one
}

TEST_F(LimitsTest, ConnectionsOfOneAddressAreOneClient) {
  options_.admission.client_rate = {.rate = 0.001, .burst = 1};
  Start();
  EXPECT_TRUE(Classify().ok());
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub_ = v1::VisionService::NewStub(
      grpc::CreateCustomChannel(server_->target(), grpc::InsecureChannelCredentials(), arguments));
  EXPECT_EQ(Classify().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(LimitsTest, MetadataOverTheLimitIsRefusedAndTheServerGoesOn) {
  Start();
  EXPECT_EQ(Classify("", 64 << 10).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  // gRPC may end the connection over it, with the next call on it.
  EXPECT_TRUE(Eventually([this] { return Classify("", 2000).ok(); }));
}

}  // namespace
}  // namespace localmamba::server
