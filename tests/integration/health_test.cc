// The standard health service and the HTTP pages of a whole server.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <memory>
#include <string>

#include "client/cpp/vision_client.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "kernels/device/device_error.h"
#include "tests/support/fake_models.h"
#include "tests/support/requests.h"
#include "tests/support/test_server.h"

namespace localmamba::server {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr absl::Duration kTimeout = absl::Seconds(30);

class HealthTest : public testing::Test {
 protected:
  HealthTest() : server_({FakeVersion("fake", 1, control_)}, {}), client_(server_.target()) {}

  httplib::Result Get(const std::string& path) const {
    return httplib::Client("127.0.0.1", server_.http_port()).Get(path);
  }

  const std::shared_ptr<FakeEngineControl> control_ = std::make_shared<FakeEngineControl>();
  TestServer server_;
  const client::VisionClient client_;
};

TEST_F(HealthTest, CheckTellsOfTheServerAndOfEachModel) {
  EXPECT_TRUE(*client_.IsServing("", kTimeout));
  EXPECT_TRUE(*client_.IsServing("fake", kTimeout));
  EXPECT_EQ(client_.IsServing("nope", kTimeout).status().code(), absl::StatusCode::kNotFound);
  server_.grpc().SetServing("fake", false);
  EXPECT_TRUE(*client_.IsServing("", kTimeout));
  EXPECT_FALSE(*client_.IsServing("fake", kTimeout));
}

TEST_F(HealthTest, WatchTellsWhenTheStatusChanges) {
  const std::unique_ptr<Health::Stub> stub =
      Health::NewStub(grpc::CreateChannel(server_.target(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  HealthCheckRequest request;
  request.set_service("fake");
  const auto stream = stub->Watch(&context, request);
  HealthCheckResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  server_.grpc().SetNothingServing();
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  context.TryCancel();
}

TEST_F(HealthTest, ReadyPageFollowsTheLifecycle) {
  httplib::Result page = Get("/readyz");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(page->body,
            R"({"ready":true,"phase":"serving","models":[{"model":"fake","version":1,"ready":true,)"
            R"("instances":1,"max_batch_size":8,"batch_ms":{}}],"failed":[]})"
            "\n");
  server_.lifecycle().Enter(Phase::kDraining);
  page = Get("/readyz");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 503);
  EXPECT_THAT(page->body, HasSubstr(R"("phase":"draining")"));
  EXPECT_EQ(Get("/livez")->status, 200);
  EXPECT_EQ(Get("/startupz")->status, 200);
  server_.lifecycle().Enter(Phase::kLoading);
  EXPECT_EQ(Get("/readyz")->status, 503);
  EXPECT_EQ(Get("/startupz")->status, 503);
  EXPECT_EQ(Get("/livez")->status, 200);
}

TEST_F(HealthTest, AStickyDeviceErrorEndsLivenessAndReadiness) {
  absl::Status lost = absl::InternalError("cudaErrorIllegalAddress");
  control_->FailWith(lost);
  EXPECT_EQ(client_.Classify(ClassifyRequestOf(1), kTimeout).status().code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(Get("/livez")->status, 200) << "an error that is not sticky";

  MarkStickyDeviceError(lost);
  control_->FailWith(lost);
  EXPECT_EQ(client_.Classify(ClassifyRequestOf(1), kTimeout).status().code(),
            absl::StatusCode::kInternal);
  const httplib::Result live = Get("/livez");
  ASSERT_TRUE(live);
  EXPECT_EQ(live->status, 503);
  EXPECT_EQ(live->body, "failed: cudaErrorIllegalAddress\n");
  const httplib::Result ready = Get("/readyz");
  EXPECT_EQ(ready->status, 503);
  EXPECT_THAT(ready->body, HasSubstr(R"("error":"cudaErrorIllegalAddress")"));
  const absl::Status refused = client_.Classify(ClassifyRequestOf(1), kTimeout).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("device has failed"));
  EXPECT_THAT(server_.metrics(), HasSubstr("reason=\"device_lost\""));
}

TEST_F(HealthTest, MetricsPageIsInPrometheusTextFormat) {
  ASSERT_TRUE(client_.Classify(ClassifyRequestOf(1), kTimeout).ok());
  const httplib::Result page = Get("/metrics");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_THAT(page->get_header_value("Content-Type"), HasSubstr("version=0.0.4"));
  std::istringstream lines(page->body);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_THAT(line, MatchesRegex("(# (HELP|TYPE) .+)|([a-z_]+([{].*[}])? [-+0-9.einfa]+)"));
  }
  for (const char* stage : {"preprocess", "queue", "compute", "postprocess", "request"}) {
    EXPECT_THAT(page->body,
                HasSubstr(absl::StrCat("localmamba_", stage,
                                       "_duration_seconds_count{model=\"fake\",version=\"1\"} 1")));
  }
  EXPECT_THAT(page->body, HasSubstr("localmamba_batch_size_count{model=\"fake\",version=\"1\"} 1"));
  EXPECT_THAT(page->body, HasSubstr("localmamba_model_loaded{model=\"fake\",version=\"1\"} 1"));
  EXPECT_THAT(page->body,
              HasSubstr("localmamba_image_bytes_total{model=\"fake\",version=\"1\"} 768"));
}

TEST_F(HealthTest, UnknownPagesAreNotFound) { EXPECT_EQ(Get("/secrets")->status, 404); }

TEST_F(HealthTest, PagesAreOnlyRead) {
  httplib::Client client("127.0.0.1", server_.http_port());
  const httplib::Result posted = client.Post("/livez", "", "text/plain");
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->status, 405);
  EXPECT_EQ(posted->get_header_value("Allow"), "GET, HEAD");
}

TEST_F(HealthTest, APortInUseIsToldAtStart) {
  const auto second = HttpServer::Start({.port = server_.http_port()}, {});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("for HTTP: Address already in use"));
  const auto grpc = GrpcServer::Start({.port = server_.grpc().port()}, {});
  EXPECT_EQ(grpc.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(grpc.status().message()), HasSubstr("for gRPC: Address already in use"));
  const auto elsewhere = HttpServer::Start({.address = "192.0.2.1", .port = 1}, {});
  EXPECT_THAT(std::string(elsewhere.status().message()), HasSubstr("Cannot assign"));
}

}  // namespace
}  // namespace localmamba::server
