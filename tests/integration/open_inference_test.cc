// inference.GRPCInferenceService over a socket, with a fake engine behind it.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "inference/grpc_service.grpc.pb.h"
#include "server/rpc/open_inference/infer_parameters.h"
#include "server/rpc/open_inference/tensor_contents.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_models.h"
#include "tests/support/images.h"
#include "tests/support/infer_requests.h"
#include "tests/support/shared_memory_object.h"
#include "tests/support/test_server.h"

namespace localmamba::server {
namespace {

using grpc::StatusCode;
using inference::ModelInferRequest;
using inference::ModelInferResponse;
using testing::ElementsAre;
using testing::HasSubstr;

// A file of one colour.
std::string UniformPng(uint8_t value) {
  const Bytes png = EncodePng({.height = 8, .width = 8, .pixels = Bytes(8 * 8 * 3, value)});
  return {png.begin(), png.end()};
}

// The texts of an output that was asked for its classes.
std::vector<std::string> TextsOf(const ModelInferResponse& response, int output) {
  const std::string& raw = response.raw_output_contents(output);
  size_t elements = 1;
  for (const int64_t dim : response.outputs(output).shape()) elements *= static_cast<size_t>(dim);
  const auto split = SplitRawBytes({.name = "output", .elements = elements},
                                   {reinterpret_cast<const uint8_t*>(raw.data()), raw.size()});
  EXPECT_TRUE(split.ok()) << split.status();
  std::vector<std::string> texts;
  for (const ByteSpan& text : *split) texts.emplace_back(text.begin(), text.end());
  return texts;
}

class OpenInferenceTest : public testing::Test {
 protected:
  explicit OpenInferenceTest(const TestServer::Options& options = {})
      : control_(std::make_shared<FakeEngineControl>()),
        server_({FakeVersion("fake", 1, control_), FakeVersion("fake", 2, control_), Features()},
                options),
        stub_(inference::GRPCInferenceService::NewStub(
            grpc::CreateChannel(server_.target(), grpc::InsecureChannelCredentials()))) {}

  std::shared_ptr<ModelVersion> Features() {
    auto version = FakeVersion("features", 1, control_);
    version->spec.task = ModelTask::kFeatures;
    return version;
  }

  // The answer of any unary call, or how it failed.
  template <class Request, class Response>
  using Method = grpc::Status (inference::GRPCInferenceService::Stub::*)(grpc::ClientContext*,
                                                                         const Request&, Response*);
  template <class Request, class Response>
  grpc::Status Call(Method<Request, Response> method, const Request& request, Response& response) {
    grpc::ClientContext context;
    return (stub_.get()->*method)(&context, request, &response);
  }
  template <class Request, class Response>
  grpc::Status StatusOf(Method<Request, Response> method, const Request& request = {}) {
    Response response;
    return Call(method, request, response);
  }

  ModelInferResponse Infer(const ModelInferRequest& request) {
    ModelInferResponse response;
    const grpc::Status status =
        Call(&inference::GRPCInferenceService::Stub::ModelInfer, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  void ExpectRefused(const ModelInferRequest& request, StatusCode code,
                     const std::string& message) {
    const grpc::Status status =
        StatusOf<ModelInferRequest, ModelInferResponse>(&Stub::ModelInfer, request);
    EXPECT_EQ(status.error_code(), code);
    EXPECT_THAT(status.error_message(), HasSubstr(message));
  }

  inference::ModelStatistics Statistics() {
    inference::ModelStatisticsRequest request;
    request.set_name("fake");
    request.set_version("2");
    inference::ModelStatisticsResponse response;
    EXPECT_TRUE(Call(&Stub::ModelStatistics, request, response).ok());
    EXPECT_EQ(response.model_stats_size(), 1);
    return response.model_stats(0);
  }

  [[nodiscard]] bool Await(const std::string& line) const {
    return Eventually([&] { return absl::StrContains(server_.metrics(), line); });
  }

  using Stub = inference::GRPCInferenceService::Stub;

  const std::shared_ptr<FakeEngineControl> control_;
  TestServer server_;
  const std::unique_ptr<Stub> stub_;
};

TEST_F(OpenInferenceTest, TellsWhetherServerAndModelsAreReady) {
  inference::ServerLiveResponse live;
  EXPECT_TRUE(Call(&Stub::ServerLive, {}, live).ok());
  EXPECT_TRUE(live.live());
  inference::ServerReadyResponse ready;
  EXPECT_TRUE(Call(&Stub::ServerReady, {}, ready).ok());
  EXPECT_TRUE(ready.ready());

  inference::ModelReadyRequest request;
  request.set_name("fake");
  request.set_version("1");
  inference::ModelReadyResponse model;
  EXPECT_TRUE(Call(&Stub::ModelReady, request, model).ok());
  EXPECT_TRUE(model.ready());
  request.set_version("7");
  EXPECT_EQ(Call(&Stub::ModelReady, request, model).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(OpenInferenceTest, ADrainingServerIsLiveButNotReady) {
  server_.lifecycle().Enter(Phase::kDraining);
  inference::ServerLiveResponse live;
  EXPECT_TRUE(Call(&Stub::ServerLive, {}, live).ok());
  EXPECT_TRUE(live.live());
  inference::ServerReadyResponse ready;
  EXPECT_TRUE(Call(&Stub::ServerReady, {}, ready).ok());
  EXPECT_FALSE(ready.ready());
  Infer(PixelsRequest({1}));
  server_.lifecycle().Enter(Phase::kStopping);
  ExpectRefused(PixelsRequest({1}), StatusCode::UNAVAILABLE, "the server is stopping");
}

TEST_F(OpenInferenceTest, ServerMetadataNamesWhatIsOffered) {
  inference::ServerMetadataResponse response;
  EXPECT_TRUE(Call(&Stub::ServerMetadata, {}, response).ok());
  EXPECT_EQ(response.name(), "localmamba");
  EXPECT_NE(response.version(), "");
  EXPECT_THAT(response.extensions(), ElementsAre("classification", "model_configuration",
                                                 "parameters", "schedule_policy", "statistics"));
}

TEST_F(OpenInferenceTest, ModelMetadataHasTheTensorsWithTheBatch) {
  inference::ModelMetadataRequest request;
  request.set_name("fake");
  inference::ModelMetadataResponse response;
  ASSERT_TRUE(Call(&Stub::ModelMetadata, request, response).ok());
  EXPECT_EQ(response.name(), "fake");
  EXPECT_THAT(response.versions(), ElementsAre("1", "2"));
  ASSERT_EQ(response.inputs_size(), 1);
  EXPECT_EQ(response.inputs(0).name(), "pixels");
  EXPECT_EQ(response.inputs(0).datatype(), "UINT8");
  EXPECT_THAT(response.inputs(0).shape(), ElementsAre(-1, 8, 8, 3));
  EXPECT_EQ(response.properties().at("alternative_input.tensor"), "FP32 or FP16 [-1,3,8,8]");
  EXPECT_EQ(response.properties().at("alternative_input.encoded"), "BYTES [-1,1]");
  ASSERT_EQ(response.outputs_size(), 3);
  EXPECT_EQ(response.outputs(0).name(), "probabilities");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(-1, 10));
  EXPECT_EQ(response.outputs(2).name(), "embedding");
  EXPECT_THAT(response.outputs(2).shape(), ElementsAre(-1, 3));
}

TEST_F(OpenInferenceTest, ModelConfigHasTheTensorsWithoutTheBatch) {
  inference::ModelConfigRequest request;
  request.set_name("fake");
  inference::ModelConfigResponse response;
  ASSERT_TRUE(Call(&Stub::ModelConfig, request, response).ok());
  const inference::ModelConfig& config = response.config();
  EXPECT_EQ(config.max_batch_size(), 8);
  ASSERT_EQ(config.input_size(), 1);
  EXPECT_EQ(config.input(0).data_type(), inference::TYPE_UINT8);
  EXPECT_THAT(config.input(0).dims(), ElementsAre(8, 8, 3));
  EXPECT_EQ(config.parameters().at("alternative_input.encoded").string_value(), "BYTES [-1,1]");
  EXPECT_THAT(config.output(1).dims(), ElementsAre(10));
  EXPECT_EQ(config.output(1).label_filename(), "labels.json");
  EXPECT_TRUE(config.has_dynamic_batching());
  EXPECT_FALSE(config.model_transaction_policy().decoupled());
}

TEST_F(OpenInferenceTest, InfersOnPixelsAndGivesEveryOutputInRawForm) {
  const ModelInferResponse response = Infer(PixelsRequest({7, 3}));
  EXPECT_EQ(response.model_name(), "fake");
  EXPECT_EQ(response.model_version(), "2");
  ASSERT_EQ(response.outputs_size(), 3);
  ASSERT_EQ(response.raw_output_contents_size(), 3);
  for (const auto& output : response.outputs()) {
    EXPECT_EQ(output.datatype(), "FP32");
    EXPECT_FALSE(output.has_contents());
  }
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 10));
  const auto probabilities = ValuesOf<float>(response.raw_output_contents(0));
  ASSERT_EQ(probabilities.size(), 20U);
  EXPECT_NEAR(probabilities[7], std::exp(1.0) / (std::exp(1.0) + 9), 1e-6);
  EXPECT_NEAR(probabilities[13], std::exp(1.0) / (std::exp(1.0) + 9), 1e-6);
  const auto logits = ValuesOf<float>(response.raw_output_contents(1));
  EXPECT_EQ(logits[7], 1);
  EXPECT_EQ(logits[8], 0);
  EXPECT_THAT(ValuesOf<float>(response.raw_output_contents(2)), ElementsAre(7, 7, 7, 3, 3, 3));
}

TEST_F(OpenInferenceTest, InfersOnNormalisedTensorsOfBothFloats) {
  ModelInferRequest request = InferRequestOf("tensor", "FP32", {1, 3, 8, 8});
  request.add_raw_input_contents(RawOf(std::vector<float>(3 * 8 * 8, 5.0F)));
  request.add_outputs()->set_name("embedding");
  ModelInferResponse response = Infer(request);
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_THAT(ValuesOf<float>(response.raw_output_contents(0)), ElementsAre(5, 5, 5));

  request = InferRequestOf("tensor", "FP16", {1, 3, 8, 8});
  request.add_raw_input_contents(RawOf(std::vector<uint16_t>(3 * 8 * 8, 0x4600)));  // 6.0
  request.add_outputs()->set_name("embedding");
  response = Infer(request);
  EXPECT_THAT(ValuesOf<float>(response.raw_output_contents(0)), ElementsAre(6, 6, 6));
}

TEST_F(OpenInferenceTest, InfersOnFiles) {
  ModelInferRequest request = InferRequestOf("encoded", "BYTES", {2, 1});
  std::string& raw = *request.add_raw_input_contents();
  AppendRawBytes(UniformPng(4), raw);
  AppendRawBytes(UniformPng(9), raw);
  request.add_outputs()->set_name("embedding");
  const ModelInferResponse response = Infer(request);
  EXPECT_THAT(ValuesOf<float>(response.raw_output_contents(0)), ElementsAre(4, 4, 4, 9, 9, 9));
}

TEST_F(OpenInferenceTest, AFileThatIsNoPictureFailsItsRequestOnly) {
  control_->Hold();
  std::thread good([this] { Infer(PixelsRequest({1})); });
  control_->AwaitRuns(1);
  ModelInferRequest request = InferRequestOf("encoded", "BYTES", {2, 1});
  std::string& raw = *request.add_raw_input_contents();
  AppendRawBytes(UniformPng(4), raw);
  AppendRawBytes("no picture", raw);
  ExpectRefused(request, StatusCode::INVALID_ARGUMENT, "image 1 of 2: ");
  control_->Release();
  good.join();
  EXPECT_THAT(control_->runs(), ElementsAre(1));
}

TEST_F(OpenInferenceTest, EchoesTheIdWhateverItIs) {
  for (const std::string& id : {std::string(), std::string("x"), std::string(1000, 'y'),
                                std::string("Bäume 木 🌲"), std::string("\0\n", 2)}) {
    ModelInferRequest request = PixelsRequest({1});
    request.set_id(id);
    EXPECT_EQ(Infer(request).id(), id);
  }
}

TEST_F(OpenInferenceTest, AnswersWithTheVersionAskedFor) {
  ModelInferRequest request = PixelsRequest({1});
  request.set_model_version("1");
  EXPECT_EQ(Infer(request).model_version(), "1");
}

TEST_F(OpenInferenceTest, ModelsAndVersionsThatAreNotThereAreNotFound) {
  ModelInferRequest request = PixelsRequest({1});
  request.set_model_version("3");
  ExpectRefused(request, StatusCode::NOT_FOUND, "version 3 of model \"fake\" is not served");
  request.set_model_name("other");
  ExpectRefused(request, StatusCode::NOT_FOUND, "model \"other\" is not served");
  for (const char* version : {"stable", "-1", "1.0", " 1", "99999999999999999999"}) {
    request.set_model_version(version);
    ExpectRefused(request, StatusCode::INVALID_ARGUMENT,
                  absl::StrCat("model version: found \"", version, "\", wanted a number"));
  }
  request.clear_model_name();
  ExpectRefused(request, StatusCode::INVALID_ARGUMENT, "model name: found \"\"");
}

TEST_F(OpenInferenceTest, AModelOfFeaturesIsNotImplemented) {
  ModelInferRequest request = PixelsRequest({1});
  request.set_model_name("features");
  ExpectRefused(request, StatusCode::UNIMPLEMENTED, "model \"features\" yields feature maps");
  inference::ModelMetadataRequest metadata;
  metadata.set_name("features");
  EXPECT_EQ((StatusOf<inference::ModelMetadataRequest, inference::ModelMetadataResponse>(
                 &Stub::ModelMetadata, metadata))
                .error_code(),
            StatusCode::UNIMPLEMENTED);
}

TEST_F(OpenInferenceTest, WhatIsWrongWithATensorIsToldBeforeAnythingRuns) {
  ModelInferRequest request = PixelsRequest({1});
  request.mutable_raw_input_contents(0)->pop_back();
  ExpectRefused(request, StatusCode::INVALID_ARGUMENT,
                "input \"pixels\": found 191 bytes, wanted 192 for 192 elements of UINT8");
  ExpectRefused(PixelsRequest({1, 2, 3, 4, 5, 6, 7, 8, 9}), StatusCode::INVALID_ARGUMENT,
                "shape is [9,8,8,3], wanted [batch,8,8,3] with a batch of 1 to 8");
  EXPECT_TRUE(control_->runs().empty());
}

TEST_F(OpenInferenceTest, GivesTheLargestClassesAsText) {
  ModelInferRequest request = PixelsRequest({7, 3, 0});
  auto& output = *request.add_outputs();
  output.set_name("logits");
  for (const int64_t k : {1, 5, 50}) {
    (*output.mutable_parameters())["classification"].set_int64_param(k);
    const ModelInferResponse response = Infer(request);
    const int64_t given = std::min<int64_t>(k, 10);
    EXPECT_EQ(response.outputs(0).datatype(), "BYTES");
    EXPECT_THAT(response.outputs(0).shape(), ElementsAre(3, given));
    const std::vector<std::string> texts = TextsOf(response, 0);
    ASSERT_EQ(texts.size(), static_cast<size_t>(3 * given));
    EXPECT_EQ(texts[0], "1.000000:7:class 7");
    EXPECT_EQ(texts[static_cast<size_t>(given)], "1.000000:3:class 3");
    EXPECT_EQ(texts[static_cast<size_t>(2 * given)], "1.000000:0:class 0");
  }
}

TEST_F(OpenInferenceTest, StatisticsHaveARequestOnceItIsAnswered) {
  EXPECT_EQ(Statistics().inference_stats().success().count(), 0U);
  Infer(PixelsRequest({1, 2, 3}));
  Infer(PixelsRequest({1}));
  control_->FailWith(absl::InternalError("broken"));
  ExpectRefused(PixelsRequest({1}), StatusCode::INTERNAL, "broken");
  const inference::ModelStatistics statistics = Statistics();
  EXPECT_EQ(statistics.name(), "fake");
  EXPECT_EQ(statistics.version(), "2");
  EXPECT_EQ(statistics.inference_count(), 4U);
  EXPECT_EQ(statistics.execution_count(), 2U);
  EXPECT_GT(statistics.last_inference(), 0U);
  const inference::InferStatistics& sums = statistics.inference_stats();
  EXPECT_EQ(sums.success().count(), 2U);
  EXPECT_EQ(sums.fail().count(), 1U);
  EXPECT_GT(sums.success().ns(), 0U);
  EXPECT_LE(sums.queue().ns() + sums.compute_input().ns() + sums.compute_infer().ns() +
                sums.compute_output().ns(),
            sums.success().ns());
  ASSERT_EQ(statistics.batch_stats_size(), 2);
  EXPECT_EQ(statistics.batch_stats(0).batch_size(), 1U);
  EXPECT_EQ(statistics.batch_stats(1).batch_size(), 3U);
  EXPECT_EQ(statistics.batch_stats(1).compute_infer().count(), 1U);
}

TEST_F(OpenInferenceTest, StatisticsCountABatchForEachRequestInIt) {
  control_->Hold();
  std::vector<std::thread> callers;
  callers.emplace_back([this] { Infer(PixelsRequest({1})); });
  control_->AwaitRuns(1);
  for (int i = 0; i < 3; ++i) callers.emplace_back([this] { Infer(PixelsRequest({1})); });
  EXPECT_TRUE(Await("localmamba_queue_length{model=\"fake\",version=\"2\"} 3"));
  control_->Release();
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(control_->runs(), ElementsAre(1, 3));
  const inference::ModelStatistics statistics = Statistics();
  EXPECT_EQ(statistics.execution_count(), 2U);
  EXPECT_EQ(statistics.inference_stats().compute_infer().count(), 4U);
  uint64_t of_requests = 0;
  for (const inference::InferBatchStatistics& batch : statistics.batch_stats()) {
    of_requests += batch.batch_size() * batch.compute_infer().ns();
  }
  EXPECT_EQ(statistics.inference_stats().compute_infer().ns(), of_requests);
}

TEST_F(OpenInferenceTest, StatisticsOfOneOfAModelOrOfAll) {
  inference::ModelStatisticsRequest request;
  inference::ModelStatisticsResponse response;
  EXPECT_TRUE(Call(&Stub::ModelStatistics, request, response).ok());
  EXPECT_EQ(response.model_stats_size(), 3);
  request.set_name("fake");
  EXPECT_TRUE(Call(&Stub::ModelStatistics, request, response).ok());
  EXPECT_EQ(response.model_stats_size(), 2);
  request.set_name("other");
  EXPECT_EQ(Call(&Stub::ModelStatistics, request, response).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(OpenInferenceTest, ARequestThatWaitsForItsTimeoutIsNeverRun) {
  control_->Hold();
  std::thread busy([this] { Infer(PixelsRequest({1})); });
  control_->AwaitRuns(1);
  ModelInferRequest request = PixelsRequest({2});
  (*request.mutable_parameters())["timeout"].set_int64_param(1);
  std::thread waiting([&] { ExpectRefused(request, StatusCode::DEADLINE_EXCEEDED, "timeout"); });
  EXPECT_TRUE(Await("localmamba_queue_length{model=\"fake\",version=\"2\"} 1"));
  control_->Release();
  busy.join();
  waiting.join();
  EXPECT_THAT(control_->runs(), ElementsAre(1));
}

TEST_F(OpenInferenceTest, WhatIsNotOfferedSaysSo) {
  EXPECT_EQ((StatusOf<inference::TraceSettingRequest, inference::TraceSettingResponse>(
                 &Stub::TraceSetting))
                .error_message(),
            "tracing is not offered by this server");
  EXPECT_EQ(
      (StatusOf<inference::LogSettingsRequest, inference::LogSettingsResponse>(&Stub::LogSettings))
          .error_code(),
      StatusCode::UNIMPLEMENTED);
  EXPECT_EQ((StatusOf<inference::CudaSharedMemoryRegisterRequest,
                      inference::CudaSharedMemoryRegisterResponse>(&Stub::CudaSharedMemoryRegister))
                .error_code(),
            StatusCode::UNIMPLEMENTED);
  const grpc::Status off =
      StatusOf<inference::SystemSharedMemoryRegisterRequest,
               inference::SystemSharedMemoryRegisterResponse>(&Stub::SystemSharedMemoryRegister);
  EXPECT_EQ(off.error_code(), StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(off.error_message(), HasSubstr("--system-shared-memory"));
}

class OpenInferenceSharedMemoryTest : public OpenInferenceTest {
 protected:
  OpenInferenceSharedMemoryTest() : OpenInferenceTest(WithSharedMemory()) {}

  static TestServer::Options WithSharedMemory() {
    TestServer::Options options;
    options.open_inference.system_shared_memory = true;
    return options;
  }

  static void Place(InferParameters& parameters, int64_t offset, int64_t byte_size) {
    parameters["shared_memory_region"].set_string_param("r");
    parameters["shared_memory_offset"].set_int64_param(offset);
    parameters["shared_memory_byte_size"].set_int64_param(byte_size);
  }

  SharedMemoryObject object_{4096};
};

TEST_F(OpenInferenceSharedMemoryTest, TensorsGoThroughItBothWays) {
  inference::SystemSharedMemoryRegisterRequest region;
  region.set_name("r");
  region.set_key(object_.key());
  region.set_byte_size(4096);
  inference::SystemSharedMemoryRegisterResponse registered;
  ASSERT_TRUE(Call(&Stub::SystemSharedMemoryRegister, region, registered).ok());
  inference::SystemSharedMemoryStatusResponse status;
  ASSERT_TRUE(Call(&Stub::SystemSharedMemoryStatus, {}, status).ok());
  EXPECT_EQ(status.regions().at("r").byte_size(), 4096U);

  object_.Write(100, std::string(8 * 8 * 3, '\6'));
  ModelInferRequest request = InferRequestOf("pixels", "UINT8", {1, 8, 8, 3});
  Place(*request.mutable_inputs(0)->mutable_parameters(), 100, 8 * 8 * 3);
  request.add_outputs()->set_name("logits");
  auto& output = *request.add_outputs();
  output.set_name("embedding");
  Place(*output.mutable_parameters(), 1000, 12);
  const ModelInferResponse response = Infer(request);
  ASSERT_EQ(response.raw_output_contents_size(), 2);
  EXPECT_EQ(ValuesOf<float>(response.raw_output_contents(0))[6], 1);
  EXPECT_EQ(response.raw_output_contents(1), "");
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(1, 3));
  EXPECT_THAT(ValuesOf<float>(object_.Read(1000, 12)), ElementsAre(6, 6, 6));

  inference::SystemSharedMemoryUnregisterResponse gone;
  EXPECT_TRUE(Call(&Stub::SystemSharedMemoryUnregister, {}, gone).ok());
  ExpectRefused(request, StatusCode::NOT_FOUND, "no shared memory region \"r\" is registered");
}

TEST_F(OpenInferenceSharedMemoryTest, OfTheOtherKindThereIsNothingToTellOrToEnd) {
  inference::CudaSharedMemoryStatusResponse status;
  EXPECT_TRUE(Call(&Stub::CudaSharedMemoryStatus, {}, status).ok());
  EXPECT_EQ(status.regions_size(), 0);
  inference::CudaSharedMemoryUnregisterResponse gone;
  EXPECT_TRUE(Call(&Stub::CudaSharedMemoryUnregister, {}, gone).ok());
}

class OpenInferenceOverloadTest : public OpenInferenceTest {
 protected:
  OpenInferenceOverloadTest() : OpenInferenceTest(QueueOfOne()) {}

  static TestServer::Options QueueOfOne() {
    TestServer::Options options;
    options.serving.queue.max_requests = 1;
    return options;
  }
};

TEST_F(OpenInferenceOverloadTest, AFullQueueRefusesAndTellsWhenToTryAgain) {
  control_->Hold();
  std::thread busy([this] { Infer(PixelsRequest({1})); });
  control_->AwaitRuns(1);
  std::thread waiting([this] { Infer(PixelsRequest({2})); });
  EXPECT_TRUE(Await("localmamba_queue_length{model=\"fake\",version=\"2\"} 1"));
  const grpc::Status status =
      StatusOf<ModelInferRequest, ModelInferResponse>(&Stub::ModelInfer, PixelsRequest({3}));
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_details(), HasSubstr("google.rpc.RetryInfo"));
  control_->Release();
  busy.join();
  waiting.join();
}

}  // namespace
}  // namespace localmamba::server
