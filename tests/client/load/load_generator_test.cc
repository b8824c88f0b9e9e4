#include "client/load/load_generator.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "client/load/phase_json.h"
#include "tests/client/cpp/scripted_server.h"

namespace localmamba::client {
namespace {

std::vector<LoadGenerator::Request> OneRequest() {
  return {std::make_shared<const v1::ClassifyRequest>()};
}

// Arrivals at the same time.
std::vector<absl::Duration> AtOnce(size_t count) { return {count, absl::Milliseconds(1)}; }

LoadOptions NoWarmUp() {
  LoadOptions options;
  options.warm_up = absl::ZeroDuration();
  options.window = absl::Seconds(1);
  return options;
}

class LoadGeneratorTest : public testing::Test {
 protected:
  PhaseResult RunOpenLoop(std::vector<absl::Duration> times, const LoadOptions& options) {
    LoadGenerator generator({VisionClient(server_.target())}, OneRequest(), options);
    return generator.RunOpenLoop(*ReplayArrivals(std::move(times)), "trace");
  }

  ScriptedServer server_;
};

TEST_F(LoadGeneratorTest, CountsAnswersAndErrorsByCode) {
  server_.Answer({grpc::StatusCode::INVALID_ARGUMENT, "no picture"});
  server_.Answer({grpc::StatusCode::INVALID_ARGUMENT, "no picture"});
  const PhaseResult result = RunOpenLoop(AtOnce(5), NoWarmUp());
  EXPECT_EQ(result.requests, 5);
  EXPECT_EQ(result.answered, 3);
  ASSERT_EQ(result.errors.size(), 1);
  EXPECT_EQ(result.errors.at("INVALID_ARGUMENT").count, 2);
  EXPECT_EQ(result.errors.at("INVALID_ARGUMENT").example, "no picture");
  EXPECT_EQ(result.stages.total.count(), 3);
}

TEST_F(LoadGeneratorTest, AnOpenLoopDoesNotWaitForAnswers) {
  server_.Hold();
  PhaseResult result;
  std::thread load([&] { result = RunOpenLoop(AtOnce(3), NoWarmUp()); });
  server_.AwaitCalls(3);
  server_.Release();
  load.join();
  EXPECT_EQ(result.answered, 3);
}

TEST_F(LoadGeneratorTest, LatencyCountsFromWhenARequestWasDue) {
  // All are sent late by as much as this stalls the sending thread.
  LoadOptions options = NoWarmUp();
  options.window = absl::Seconds(10);
  options.slo = absl::Milliseconds(100);
  bool stalled = false;
  options.on_progress = [&](const LoadProgress&) {
    if (!std::exchange(stalled, true)) std::this_thread::sleep_for(std::chrono::seconds(1));
  };
  const PhaseResult result =
      RunOpenLoop({absl::Seconds(1.1), absl::Seconds(1.1), absl::Seconds(1.1)}, options);
  EXPECT_EQ(result.answered, 3);
  EXPECT_GE(result.stages.late.Quantile(0), absl::Milliseconds(500));
  EXPECT_GE(result.stages.total.Quantile(0), absl::Milliseconds(500));
  EXPECT_EQ(result.within_slo, 0);
}

TEST_F(LoadGeneratorTest, TheWarmUpIsNotMeasuredNorWhatIsDueAfterTheWindow) {
  LoadOptions options;
  options.warm_up = absl::Milliseconds(10);
  options.window = absl::Milliseconds(10);
  const PhaseResult result = RunOpenLoop({absl::Milliseconds(5), absl::Milliseconds(10),
                                          absl::Milliseconds(19), absl::Milliseconds(20)},
                                         options);
  EXPECT_EQ(server_.calls(), 3);
  EXPECT_EQ(result.requests, 2);
}

TEST_F(LoadGeneratorTest, WhatIsDueWhileTooManyWaitIsNotSent) {
  LoadOptions options = NoWarmUp();
  options.max_in_flight = 2;
  options.on_progress = [this](const LoadProgress& progress) {
    if (progress.failed == 3) server_.Release();
  };
  server_.Hold();
  PhaseResult result = RunOpenLoop(AtOnce(5), options);
  EXPECT_EQ(result.requests, 5);
  EXPECT_EQ(result.answered, 2);
  EXPECT_EQ(result.errors["NOT_SENT"].count, 3);
}

TEST_F(LoadGeneratorTest, ARequestMayTakeItsTimeoutAndNoMore) {
  LoadOptions options = NoWarmUp();
  options.timeout = absl::Milliseconds(50);
  server_.Hold();
  const PhaseResult result = RunOpenLoop(AtOnce(1), options);
  EXPECT_EQ(result.errors.at("DEADLINE_EXCEEDED").count, 1);
}

TEST_F(LoadGeneratorTest, AClosedLoopKeepsRequestsUnderWay) {
  LoadOptions options = NoWarmUp();
  options.window = absl::Milliseconds(200);
  LoadGenerator generator({VisionClient(server_.target())}, OneRequest(), options);
  const PhaseResult result = generator.RunClosedLoop(3);
  EXPECT_EQ(result.load, "3 in flight");
  EXPECT_GE(result.answered, 3);
  EXPECT_EQ(result.answered, server_.calls());
}

TEST_F(LoadGeneratorTest, TheReportHasWhatWasMeasured) {
  server_.Answer({grpc::StatusCode::UNAVAILABLE, "stopping"});
  LoadOptions options = NoWarmUp();
  options.slo = absl::Minutes(1);
  const nlohmann::ordered_json json = ToJson(RunOpenLoop(AtOnce(4), options));
  EXPECT_EQ(json["load"], "trace");
  EXPECT_EQ(json["offered_per_second"], 4.0);
  EXPECT_EQ(json["answered_per_second"], 3.0);
  EXPECT_EQ(json["within_slo"], 0.75);
  EXPECT_EQ(json["goodput_per_second"], 3.0);
  EXPECT_EQ(json["errors"]["UNAVAILABLE"]["count"], 1);
  EXPECT_EQ(json["latency_ms"]["total"]["count"], 3);
  EXPECT_LE(json["latency_ms"]["total"]["p50"], json["latency_ms"]["total"]["max"]);
  EXPECT_EQ(json["spectrum_ms"][0][0], 0.0);
}

}  // namespace
}  // namespace localmamba::client
