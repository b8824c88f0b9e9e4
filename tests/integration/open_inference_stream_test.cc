// ModelStreamInfer over a socket, with a fake engine behind it.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "inference/grpc_service.grpc.pb.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_models.h"
#include "tests/support/infer_requests.h"
#include "tests/support/test_server.h"

namespace localmamba::server {
namespace {

using grpc::StatusCode;
using inference::ModelInferRequest;
using inference::ModelStreamInferResponse;
using testing::ElementsAre;
using testing::HasSubstr;

ModelInferRequest RequestOf(uint8_t red, const std::string& id) {
  ModelInferRequest request = PixelsRequest({red});
  request.set_id(id);
  request.add_outputs()->set_name("embedding");
  return request;
}

ModelInferRequest BadRequest(const std::string& id) {
  ModelInferRequest request = RequestOf(0, id);
  request.mutable_raw_input_contents(0)->pop_back();
  return request;
}

// One call, from the caller's side.
class Call {
 public:
  explicit Call(inference::GRPCInferenceService::Stub& stub, bool strict = false) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(2)));
    if (strict) context_.AddMetadata("triton_grpc_error", "true");
    stream_ = stub.ModelStreamInfer(&context_);
  }

  void Write(const ModelInferRequest& request) { EXPECT_TRUE(stream_->Write(request)); }
  bool TryWrite(const ModelInferRequest& request) { return stream_->Write(request); }
  void WritesDone() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }

  ModelStreamInferResponse Read() {
    ModelStreamInferResponse answer;
    EXPECT_TRUE(stream_->Read(&answer));
    return answer;
  }
  std::vector<ModelStreamInferResponse> ReadAll() {
    std::vector<ModelStreamInferResponse> answers;
    ModelStreamInferResponse answer;
    while (stream_->Read(&answer)) answers.push_back(answer);
    return answers;
  }
  grpc::Status Finish() { return stream_->Finish(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<ModelInferRequest, ModelStreamInferResponse>> stream_;
};

class OpenInferenceStreamTest : public testing::Test {
 protected:
  explicit OpenInferenceStreamTest(const TestServer::Options& options = FourAtOnce())
      : control_(std::make_shared<FakeEngineControl>()),
        server_({FakeVersion("fake", 1, control_)}, options),
        stub_(inference::GRPCInferenceService::NewStub(
            grpc::CreateChannel(server_.target(), grpc::InsecureChannelCredentials()))) {}

  static TestServer::Options FourAtOnce() {
    TestServer::Options options;
    options.open_inference.max_requests_per_stream = 4;
    return options;
  }

  [[nodiscard]] bool Await(const std::string& line) const {
    return Eventually([&] { return absl::StrContains(server_.metrics(), line); });
  }

  const std::shared_ptr<FakeEngineControl> control_;
  TestServer server_;
  const std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
};

TEST_F(OpenInferenceStreamTest, AnswersGoodAndBadRequestsInOrderAndEndsWithOk) {
  constexpr int kRequests = 100;
  Call call(*stub_);
  std::thread writer([&] {
    for (int i = 0; i < kRequests; ++i) {
      const std::string id = absl::StrCat(i);
      call.Write(i % 3 == 1 ? BadRequest(id) : RequestOf(static_cast<uint8_t>(i), id));
    }
    call.WritesDone();
  });
  const auto answers = call.ReadAll();
  writer.join();
  EXPECT_TRUE(call.Finish().ok());
  ASSERT_EQ(answers.size(), static_cast<size_t>(kRequests));
  for (int i = 0; i < kRequests; ++i) {
    const ModelStreamInferResponse& answer = answers[static_cast<size_t>(i)];
    const inference::ModelInferResponse& response = answer.infer_response();
    EXPECT_EQ(response.id(), absl::StrCat(i));
    EXPECT_EQ(response.model_name(), "fake");
    EXPECT_TRUE(response.parameters().at("triton_final_response").bool_param());
    if (i % 3 == 1) {
      EXPECT_EQ(answer.error_message(),
                "input \"pixels\": found 191 bytes, wanted 192 for 192 elements of UINT8");
      EXPECT_EQ(response.outputs_size(), 0);
    } else {
      EXPECT_EQ(answer.error_message(), "");
      EXPECT_EQ(response.model_version(), "1");
      EXPECT_EQ(ValuesOf<float>(response.raw_output_contents(0))[0], static_cast<float>(i));
    }
  }
}

TEST_F(OpenInferenceStreamTest, ASlowRequestHoldsBackThoseBehindIt) {
  control_->Hold();
  Call call(*stub_);
  call.Write(RequestOf(1, "slow"));
  control_->AwaitRuns(1);
  call.Write(BadRequest("fast"));
  EXPECT_TRUE(
      Await("localmamba_requests_total{code=\"INVALID_ARGUMENT\",method=\"ModelStreamInfer"
            "\"} 1"));
  control_->Release();
  EXPECT_EQ(call.Read().infer_response().id(), "slow");
  EXPECT_EQ(call.Read().infer_response().id(), "fast");
  call.WritesDone();
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(OpenInferenceStreamTest, InStrictModeTheFirstFailureEndsTheStreamWithItsStatus) {
  Call call(*stub_, true);
  call.Write(RequestOf(5, "good"));
  call.Write(BadRequest("bad"));
  call.TryWrite(RequestOf(6, "after"));  // perhaps the stream has ended already
  const auto answers = call.ReadAll();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].infer_response().id(), "good");
  const grpc::Status status = call.Finish();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("input \"pixels\": found 191 bytes"));
}

TEST_F(OpenInferenceStreamTest, InStrictModeWhatWaitsBehindAFailureIsNotRun) {
  control_->Hold();
  Call call(*stub_, true);
  call.Write(RequestOf(5, "busy"));
  control_->AwaitRuns(1);
  call.Write(BadRequest("bad"));
  call.Write(RequestOf(6, "waits"));
  EXPECT_TRUE(Await("localmamba_queue_length{model=\"fake\",version=\"1\"} 1"));
  control_->FailWith(absl::InternalError("broken"));
  control_->Release();
  EXPECT_EQ(call.ReadAll().size(), 0U);
  EXPECT_EQ(call.Finish().error_code(), StatusCode::INTERNAL);
}

TEST_F(OpenInferenceStreamTest, AfterHalfCloseEverythingIsAnswered) {
  control_->Hold();
  Call call(*stub_);
  call.Write(RequestOf(1, "a"));
  call.Write(RequestOf(2, "b"));
  call.WritesDone();
  control_->AwaitRuns(1);
  control_->Release();
  EXPECT_EQ(call.ReadAll().size(), 2U);
  EXPECT_TRUE(call.Finish().ok());
}

class OpenInferenceStreamOverloadTest : public OpenInferenceStreamTest {
 protected:
  OpenInferenceStreamOverloadTest() : OpenInferenceStreamTest(QueueOfTwo()) {}

  static TestServer::Options QueueOfTwo() {
    TestServer::Options options = FourAtOnce();
    options.serving.queue.max_requests = 2;
    return options;
  }
};

TEST_F(OpenInferenceStreamOverloadTest, CancellationReachesEveryRequestInFlight) {
  control_->Hold();
  Call call(*stub_);
  call.Write(RequestOf(1, "busy"));
  control_->AwaitRuns(1);
  call.Write(RequestOf(2, "waits"));
  call.Write(RequestOf(3, "waits too"));
  EXPECT_TRUE(Await("localmamba_queue_length{model=\"fake\",version=\"1\"} 2"));
  call.Cancel();
  EXPECT_EQ(call.Finish().error_code(), StatusCode::CANCELLED);
  // Once the server has noticed, the next request takes the place of one that is not wanted.
  const std::string gone =
      "localmamba_requests_total{code=\"CANCELLED\",method=\"ModelStreamInfer\"} 2";
  Call next(*stub_);
  for (int refused = 1; !absl::StrContains(server_.metrics(), gone); ++refused) {
    next.Write(RequestOf(4, "next"));
    const std::string full = absl::StrCat(
        "localmamba_requests_total{code=\"RESOURCE_EXHAUSTED\",method=\"ModelStreamInfer\"} ",
        refused);
    ASSERT_TRUE(Eventually([&] {
      const std::string metrics = server_.metrics();
      return absl::StrContains(metrics, full) || absl::StrContains(metrics, gone);
    }));
  }
  control_->Release();
  next.WritesDone();
  const auto answers = next.ReadAll();
  ASSERT_FALSE(answers.empty());
  EXPECT_EQ(answers.back().error_message(), "");
  EXPECT_TRUE(next.Finish().ok());
  EXPECT_THAT(control_->runs(), ElementsAre(1, 1));
}

TEST_F(OpenInferenceStreamTest, WhoDoesNotReadAnswersIsNotReadEither) {
  control_->Hold();
  Call call(*stub_);
  for (int i = 0; i < 12; ++i) call.Write(RequestOf(1, absl::StrCat(i)));
  control_->AwaitRuns(1);
  EXPECT_TRUE(Await("localmamba_in_flight_requests{method=\"ModelStreamInfer\"} 4"));
  control_->Release();
  for (int i = 0; i < 12; ++i) EXPECT_EQ(call.Read().infer_response().id(), absl::StrCat(i));
  call.WritesDone();
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(OpenInferenceStreamTest, AStoppingServerRefusesRequestsOfOpenStreams) {
  Call call(*stub_);
  call.Write(RequestOf(1, "before"));
  EXPECT_EQ(call.Read().error_message(), "");
  server_.lifecycle().Enter(Phase::kStopping);
  call.Write(RequestOf(1, "after"));
  EXPECT_EQ(call.Read().error_message(), "the server is stopping");
  call.WritesDone();
  EXPECT_TRUE(call.Finish().ok());
}

}  // namespace
}  // namespace localmamba::server
