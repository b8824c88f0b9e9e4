// The server's RPCs over a socket, with a fake engine behind them.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "client/cpp/vision_client.h"
#include "localmamba/v1/vision.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "tests/support/fake_models.h"
#include "tests/support/requests.h"
#include "tests/support/test_server.h"

namespace localmamba::server {
namespace {

using client::VisionClient;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr absl::Duration kTimeout = absl::Seconds(30);

class VisionServiceTest : public testing::Test {
 protected:
  explicit VisionServiceTest(const TestServer::Options& options = {})
      : control_(std::make_shared<FakeEngineControl>()),
        server_({FakeVersion("fake", 1, control_), FakeVersion("fake", 2, control_)}, options),
        client_(server_.target()) {}

  void ExpectServerGoesOn() {
    const auto response = client_.Classify(ClassifyRequestOf(4), kTimeout);
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->classes(0).id(), 4);
  }

  const std::shared_ptr<FakeEngineControl> control_;
  TestServer server_;
  const VisionClient client_;
};

TEST_F(VisionServiceTest, ClassifiesRawPixels) {
  v1::ClassifyRequest request = ClassifyRequestOf(7);
  request.set_request_id("picture 1");
  request.set_top_k(3);
  const auto response = client_.Classify(request, kTimeout);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->classes_size(), 3);
  EXPECT_EQ(response->classes(0).id(), 7);
  EXPECT_EQ(response->classes(0).name(), "class 7");
  // One logit of 1, nine of 0.
  EXPECT_NEAR(response->classes(0).score(), std::exp(1.0) / (std::exp(1.0) + 9), 1e-6);
  EXPECT_EQ(response->classes(1).id(), 0);
  EXPECT_EQ(response->model().name(), "fake");
  EXPECT_EQ(response->model().number(), 2);
  EXPECT_EQ(response->request_id(), "picture 1");
  EXPECT_EQ(response->timings().batch_size(), 1);
  EXPECT_TRUE(response->timings().has_total());
}

TEST_F(VisionServiceTest, ClassifiesAJpegAndGivesFiveClassesUnlessTold) {
  v1::ClassifyRequest request;
  request.mutable_image()->set_encoded(SampleJpeg());
  const auto response = client_.Classify(request, kTimeout);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->classes_size(), 5);
}

TEST_F(VisionServiceTest, AnswersWithTheVersionAskedFor) {
  v1::ClassifyRequest request = ClassifyRequestOf(1);
  request.mutable_model()->set_name("fake");
  request.mutable_model()->set_label("stable");
  auto response = client_.Classify(request, kTimeout);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->model().number(), 1);

  request.mutable_model()->set_number(2);
  response = client_.Classify(request, kTimeout);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->model().number(), 2);
}

TEST_F(VisionServiceTest, EmbedsAnImage) {
  v1::EmbedRequest request;
  *request.mutable_image() = UniformImage(10, 20, 30);
  request.set_request_id("e");
  const auto response = client_.Embed(request, kTimeout);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(response->features(), ElementsAre(10.0F, 20.0F, 30.0F));
  EXPECT_EQ(response->request_id(), "e");
}

TEST_F(VisionServiceTest, APriorityOrQueueTimeoutThatTheModelDoesNotAllowIsNamed) {
  v1::ClassifyRequest request = ClassifyRequestOf(1);
  request.mutable_model()->set_name("fake");
  request.set_priority(2);
  EXPECT_EQ(client_.Classify(request, kTimeout).status().message(),
            "priority: found 2, wanted 1 to 1, or 0 for the model's default");
  request.set_priority(1);
  request.mutable_queue_timeout()->set_seconds(-3);
  const absl::Status status = client_.Classify(request, kTimeout).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "queue_timeout: found -3s, wanted more than 0s");
  request.mutable_queue_timeout()->set_seconds(30);
  EXPECT_TRUE(client_.Classify(request, kTimeout).ok());
}

TEST_F(VisionServiceTest, ListsModels) {
  const auto response = client_.ListModels(kTimeout);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->versions_size(), 2);
  const v1::ServedVersion& first = response->versions(0);
  EXPECT_EQ(first.model(), "fake");
  EXPECT_EQ(first.version(), 1);
  EXPECT_THAT(first.labels(), ElementsAre("stable"));
  EXPECT_EQ(first.task(), v1::ServedVersion::TASK_CLASSIFICATION);
  EXPECT_EQ(first.num_classes(), 10);
  EXPECT_EQ(first.input_height(), 8);
  EXPECT_TRUE(first.ready());
  EXPECT_EQ(first.description(), "answers from the first pixel");
  EXPECT_EQ(response->versions(1).version(), 2);
  EXPECT_EQ(response->versions(1).labels_size(), 0);
}

TEST_F(VisionServiceTest, AnEmptyNameIsAmbiguousWithTwoModels) {
  TestServer server({FakeVersion("a", 1, control_), FakeVersion("b", 1, control_)}, {});
  const auto response = VisionClient(server.target()).Classify(ClassifyRequestOf(1), kTimeout);
  EXPECT_EQ(response.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(response.status().message()),
              HasSubstr("model.name: empty, which means the only model of a server that holds one; "
                        "wanted one of: \"a\", \"b\""));
}

TEST_F(VisionServiceTest, AFeatureModelHasNoClasses) {
  auto features = FakeVersion("backbone", 1, control_);
  features->spec.task = ModelTask::kFeatures;
  TestServer server({features}, {});
  const auto response = VisionClient(server.target()).Classify(ClassifyRequestOf(1), kTimeout);
  EXPECT_EQ(response.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(
      std::string(response.status().message()),
      HasSubstr("model \"backbone\": its task is features, which is not offered; wanted one for "
                "classification"));
}

TEST_F(VisionServiceTest, AnswersManyClientsAtOnceEachItsOwn) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(8);
  for (uint8_t t = 0; t < 8; ++t) {
    threads.emplace_back([this, t, &wrong] {
      const VisionClient client(server_.target());
      for (int i = 0; i < 20; ++i) {
        const auto response = client.Classify(ClassifyRequestOf(t), kTimeout);
        if (!response.ok() || response->classes(0).id() != t) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, testing::Each(0));
  EXPECT_THAT(server_.metrics(),
              HasSubstr("localmamba_requests_total{code=\"OK\",method=\"Classify\"} 160"));
  EXPECT_THAT(server_.metrics(), HasSubstr("localmamba_in_flight_requests{method=\"Classify\"} 0"));
}

TEST_F(VisionServiceTest, AFailingEngineIsToldAndCounted) {
  control_->FailWith(absl::InternalError("device lost"));
  const auto response = client_.Classify(ClassifyRequestOf(1), kTimeout);
  EXPECT_EQ(response.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(response.status().message(), "device lost");
  EXPECT_THAT(server_.metrics(), HasSubstr("localmamba_rejections_total{code=\"INTERNAL\",method="
                                           "\"Classify\",reason=\"internal\"} 1"));
  control_->FailWith(absl::OkStatus());
  ExpectServerGoesOn();
}

TEST_F(VisionServiceTest, RefusesNewRequestsWhileItStops) {
  server_.lifecycle().Enter(Phase::kDraining);
  EXPECT_TRUE(client_.Classify(ClassifyRequestOf(1), kTimeout).ok());
  EXPECT_FALSE(client_.ListModels(kTimeout)->versions(0).ready());
  server_.lifecycle().Enter(Phase::kStopping);
  const auto response = client_.Classify(ClassifyRequestOf(1), kTimeout);
  EXPECT_EQ(response.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(response.status().message(), "the server is stopping");
}

TEST_F(VisionServiceTest, AMessageOverTheLimitIsRefused) {
  v1::ClassifyRequest request;
  request.mutable_image()->set_encoded(std::string(2 << 20, 'x'));
  const auto response = client_.Classify(request, kTimeout);
  EXPECT_EQ(response.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(response.status().message()), HasSubstr("larger than max"));
  ExpectServerGoesOn();
}

// Calls once, with metadata; gives what the server sent back as x-request-id.
class RequestIdTest : public VisionServiceTest {
 protected:
  std::string IdOf(const v1::ClassifyRequest& request,
                   const std::multimap<std::string, std::string>& metadata = {}) {
    const auto stub = v1::VisionService::NewStub(
        grpc::CreateChannel(server_.target(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
    v1::ClassifyResponse response;
    stub->Classify(&context, request, &response);
    const auto id = context.GetServerInitialMetadata().find("x-request-id");
    if (id == context.GetServerInitialMetadata().end()) return "";
    return {id->second.data(), id->second.size()};
  }

  std::string Page() const {
    httplib::Client http("127.0.0.1", server_.http_port());
    const httplib::Result result = http.Get("/debug/requests");
    return result ? result->body : "";
  }
};

TEST_F(RequestIdTest, IsTheCallersOrElseMadeForIt) {
  v1::ClassifyRequest request = ClassifyRequestOf(1);
  const std::string made = IdOf(request);
  EXPECT_FALSE(made.empty());
  EXPECT_NE(IdOf(request), made);
  EXPECT_EQ(IdOf(request, {{"x-request-id", "from metadata"}}), "from metadata");
  request.set_request_id("from the message");
  EXPECT_EQ(IdOf(request, {{"x-request-id", "from metadata"}}), "from the message");
  request.set_request_id("not for headers: \xC3\xA9");
  EXPECT_EQ(IdOf(request), "");
  request.set_request_id(std::string(257, 'x'));
  IdOf(request);
  ExpectServerGoesOn();
}

TEST_F(RequestIdTest, LeadsToTheRequestOnTheDebugPage) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  IdOf(ClassifyRequestOf(1), {{"x-request-id", "good one"},
                              {"traceparent", absl::StrCat("00-", trace, "-00f067aa0ba902b7-01")}});
  v1::ClassifyRequest bad = ClassifyRequestOf(2);
  bad.mutable_image()->set_encoded("no picture");
  IdOf(bad, {{"x-request-id", "bad one"}});
  const nlohmann::json page = nlohmann::json::parse(Page());
  EXPECT_EQ(page["failed"].size(), 1);
  EXPECT_EQ(page["failed"][0]["request_id"], "bad one");
  EXPECT_EQ(page["failed"][0]["reason"], "invalid_image");
  ASSERT_EQ(page["slowest"].size(), 2);
  const bool first = page["slowest"][0]["request_id"] == "good one";
  const nlohmann::json& good = page["slowest"][first ? 0 : 1];
  EXPECT_EQ(good["trace_id"], trace);
  EXPECT_EQ(good["model"], "fake");
  EXPECT_EQ(good["batch_size"], 1);
  EXPECT_GE(good["total_ms"], good["compute_ms"]);
}

struct BadRequest {
  std::string name;
  void (*spoil)(v1::ClassifyRequest& request);  // of a good one
  absl::StatusCode code;
  std::string message;  // a part of it
  std::string reason;
};

class BadRequestTest : public VisionServiceTest, public testing::WithParamInterface<BadRequest> {
 protected:
  BadRequestTest() : VisionServiceTest(SmallLimits()) {}

  static TestServer::Options SmallLimits() {
    TestServer::Options options;
    options.decode.max_bytes = 64 << 10;
    options.decode.max_pixels = 100'000;
    options.decode.max_side = 1000;
    options.decode.max_aspect_ratio = 20;
    return options;
  }
};

TEST_P(BadRequestTest, IsToldPreciselyAndCountedAndTheServerGoesOn) {
  const BadRequest& bad = GetParam();
  v1::ClassifyRequest request = ClassifyRequestOf(1);
  bad.spoil(request);
  const auto response = client_.Classify(request, kTimeout);
  EXPECT_EQ(response.status().code(), bad.code) << response.status();
  EXPECT_THAT(std::string(response.status().message()), HasSubstr(bad.message));
  EXPECT_THAT(server_.metrics(),
              HasSubstr(absl::StrCat("localmamba_rejections_total{code=\"",
                                     absl::StatusCodeToString(bad.code),
                                     "\",method=\"Classify\",reason=\"", bad.reason, "\"} 1")));
  ExpectServerGoesOn();
}

using Request = v1::ClassifyRequest;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotFound = absl::StatusCode::kNotFound;

INSTANTIATE_TEST_SUITE_P(
    Table, BadRequestTest,
    testing::Values(
        BadRequest{"NoImage", [](Request& r) { r.clear_image(); }, kInvalid,
                   "image: found none, wanted image.encoded or image.raw", "invalid_request"},
        BadRequest{"TopKOfZero", [](Request& r) { r.set_top_k(0); }, kInvalid,
                   "top_k: found 0, wanted 1 to 10", "invalid_request"},
        BadRequest{"NegativeTopK", [](Request& r) { r.set_top_k(-3); }, kInvalid,
                   "top_k: found -3, wanted 1 to 10", "invalid_request"},
        BadRequest{"TopKAboveTheNumberOfClasses", [](Request& r) { r.set_top_k(11); }, kInvalid,
                   "top_k: found 11, wanted 1 to 10", "invalid_request"},
        BadRequest{"UnknownModel", [](Request& r) { r.mutable_model()->set_name("nope"); },
                   kNotFound, R"(model "nope" is not served; served are: "fake")", "unknown_model"},
        // Each byte of the name takes three in the metadata of the answer.
        BadRequest{"ModelWithALongForeignName",
                   [](Request& r) {
                     std::string& name = *r.mutable_model()->mutable_name();
                     for (int i = 0; i < 10'000; ++i) name += "é";
                   },
                   kNotFound, "model \"ééé", "unknown_model"},
        BadRequest{"UnknownVersion", [](Request& r) { r.mutable_model()->set_number(3); },
                   kNotFound, R"(version 3 of model "fake" is not served; served are: 1, 2)",
                   "unknown_model"},
        BadRequest{"UnknownLabel", [](Request& r) { r.mutable_model()->set_label("canary"); },
                   kNotFound,
                   R"(model "fake" has no version label "canary"; its labels are: "stable")",
                   "unknown_model"},
        BadRequest{"VersionZero", [](Request& r) { r.mutable_model()->set_number(0); }, kInvalid,
                   "model.number: found 0, wanted a version from 1", "invalid_request"},
        BadRequest{"EmptyLabel", [](Request& r) { r.mutable_model()->set_label(""); }, kInvalid,
                   "model.label: found \"\"", "invalid_request"},
        BadRequest{"RawPixelsTooFew",
                   [](Request& r) { r.mutable_image()->mutable_raw()->mutable_rgb()->pop_back(); },
                   kInvalid, "image.raw.rgb: found 767 bytes, wanted height * width * 3 = 768",
                   "invalid_request"},
        BadRequest{"RawPixelsTooMany",
                   [](Request& r) { r.mutable_image()->mutable_raw()->set_width(15); }, kInvalid,
                   "image.raw.rgb: found 768 bytes, wanted height * width * 3 = 720",
                   "invalid_request"},
        BadRequest{"RawHeightOfZero",
                   [](Request& r) { r.mutable_image()->mutable_raw()->set_height(0); }, kInvalid,
                   "image.raw.height: found 0, wanted 1 to 1000", "invalid_request"},
        BadRequest{"RawNegativeWidth",
                   [](Request& r) { r.mutable_image()->mutable_raw()->set_width(-16); }, kInvalid,
                   "image.raw.width: found -16, wanted 1 to 1000", "invalid_request"},
        BadRequest{"RawSideOverTheLimit",
                   [](Request& r) { r.mutable_image()->mutable_raw()->set_width(1 << 30); },
                   kInvalid, "image.raw.width: found 1073741824, wanted 1 to 1000",
                   "invalid_request"},
        BadRequest{"RawPixelsOverTheLimit",
                   [](Request& r) {
                     r.mutable_image()->mutable_raw()->set_height(1000);
                     r.mutable_image()->mutable_raw()->set_width(1000);
                   },
                   kInvalid, "1000 x 1000 = 1000000 pixels, wanted at most 100000",
                   "invalid_request"},
        BadRequest{"RawSidesOutOfProportion",
                   [](Request& r) {
                     r.mutable_image()->mutable_raw()->set_height(1);
                     r.mutable_image()->mutable_raw()->set_width(256);
                   },
                   kInvalid, "wanted a ratio of the sides of at most 20", "invalid_request"},
        BadRequest{"EmptyImage", [](Request& r) { r.mutable_image()->set_encoded(""); }, kInvalid,
                   "image: ", "invalid_image"},
        BadRequest{"NotAnImage",
                   [](Request& r) { r.mutable_image()->set_encoded("GIF89a is not for us"); },
                   kInvalid, "image: ", "invalid_image"},
        BadRequest{"TruncatedJpeg",
                   [](Request& r) { r.mutable_image()->set_encoded(SampleJpeg().substr(0, 5000)); },
                   kInvalid, "image: ", "invalid_image"},
        BadRequest{"EncodedBytesOverTheLimit",
                   [](Request& r) {
                     r.mutable_image()->set_encoded(SampleJpeg() + std::string(64 << 10, '\0'));
                   },
                   kInvalid, "65536", "invalid_image"}),
    [](const testing::TestParamInfo<BadRequest>& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba::server
