#include "server/config/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"

namespace localmamba::server {
namespace {

using testing::HasSubstr;

class CommandLineTest : public testing::Test {
 protected:
  ~CommandLineTest() override { unlink(path_.c_str()); }

  absl::Status ErrorOf(const std::vector<std::string>& arguments) {
    const auto parsed = ParseCommandLine(arguments);
    EXPECT_FALSE(parsed.ok());
    return parsed.status();
  }

  ServerConfig ConfigOf(const std::vector<std::string>& arguments) {
    const auto parsed = ParseCommandLine(arguments);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    return parsed.ok() ? std::get<ServerConfig>(*parsed) : ServerConfig();
  }

  void WriteFile(const std::string& json) { std::ofstream(path_) << json; }

  const std::string path_ = absl::StrCat(testing::TempDir(), "/server_config.", getpid(), ".json");
};

TEST_F(CommandLineTest, DefaultsNeedOnlyARepository) {
  ServerConfig wanted;
  wanted.model_repository = "/models";
  EXPECT_EQ(ConfigOf({"--model-repository", "/models"}), wanted);
}

TEST_F(CommandLineTest, LimitsOfClientsAndConnectionsAreChecked) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("limits": {"client_burst": 0.5})", "limits.client_burst: found 0.5, wanted 1 to "},
      {R"("limits": {"client_key": "X-Key"})", "limits.client_key: found \"X-Key\", wanted a key"},
      {R"("connections": {"max_concurrent_calls": 0})",
       "connections.max_concurrent_calls: found 0"},
      {R"("connections": {"max_metadata_bytes": 10})",
       "connections.max_metadata_bytes: found 10, wanted 1024 to 16777216"},
      {R"("connections": {"keepalive_time": "0s"})",
       "connections.keepalive_time: found 0, wanted 1ms to 24 days"},
      {R"("connections": {"max_idle": "-1s"})",
       "connections.max_idle: found -1s, wanted 0s or 1ms to 24 days"},
  };
  for (const auto& [json, message] : cases) {
    WriteFile(absl::StrCat("{\"model_repository\": \"/models\", ", json, "}"));
    const absl::Status status = ErrorOf({"--config", path_});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
  }
}

TEST_F(CommandLineTest, ARepositoryIsRequired) {
  const absl::Status status = ErrorOf({});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("model_repository: found none"));
}

TEST_F(CommandLineTest, HelpTellsEveryFlagWithTheDefaultItReallyHas) {
  const auto parsed = ParseCommandLine({"--help"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const std::string& help = std::get<HelpText>(*parsed).text;
  // Every "--flag ... Default value" line, given back as arguments, changes nothing.
  std::vector<std::string> arguments = {"--model-repository=/models"};
  std::string flag;
  for (size_t at = 0; (at = help.find("--", at)) != std::string::npos;) {
    const size_t end = help.find_first_of(" \n", at);
    flag = help.substr(at, end - at);
    at = end;
    const size_t next = help.find("  --", at);
    const size_t value = help.find("Default ", at);
    if (value < next) {
      const size_t from = value + std::string("Default ").size();
      arguments.push_back(flag + "=" + help.substr(from, help.find('\n', from) - from));
    }
  }
  EXPECT_GE(arguments.size(), 31U);  // as many were found at least
  ServerConfig wanted;
  wanted.model_repository = "/models";
  EXPECT_EQ(ConfigOf(arguments), wanted);
}

TEST_F(CommandLineTest, ReadsTheFileAndLetsFlagsOverrideIt) {
  WriteFile(R"({"modelRepository": "/models", "listen": {"grpc_port": 1, "http_port": 2},
                "batching": {"max_queue_delay": "0.003s", "max_batch_size": 4}})");
  ServerConfig wanted;
  wanted.model_repository = "/models";
  wanted.listen.grpc_port = 7;
  wanted.listen.http_port = 2;
  wanted.batching.max_queue_delay = absl::Microseconds(1500);
  wanted.batching.max_batch_size = 4;
  EXPECT_EQ(ConfigOf({"--config", path_, "--grpc-port", "7", "--max-queue-delay", "1.5ms"}),
            wanted);
}

TEST_F(CommandLineTest, ReadsTheAdminPart) {
  WriteFile(R"({"admin": {"devices": ["cuda:1", "cuda:2"], "stop_grace": "90s"}})");
  const AdminConfig admin =
      ConfigOf({"--model-repository=/m", "--config", path_, "--admin=false"}).admin;
  EXPECT_FALSE(admin.enabled);
  EXPECT_EQ(admin.devices, (std::vector<std::string>{"cuda:1", "cuda:2"}));
  EXPECT_EQ(admin.stop_grace, absl::Seconds(90));
}

TEST_F(CommandLineTest, WhatAModelHasDifferentCountsInPlaceOfWhatAllHave) {
  WriteFile(R"({"batching": {"max_batch_size": 16, "preferred_batch_sizes": [4, 8],
                             "timeout_action": "TIMEOUT_ACTION_DELAY"},
                "model_batching": {"small": {"max_batch_size": 64, "priority_levels": 3,
                                             "default_priority": 2, "queue_timeout": "0.5s"}}})");
  const ServerConfig config = ConfigOf({"--model-repository=/m", "--config", path_});
  BatchingConfig all;
  all.max_batch_size = 16;
  all.preferred_batch_sizes = {4, 8};
  all.delay_on_timeout = true;
  EXPECT_EQ(config.batching, all);
  BatchingConfig small = all;
  small.max_batch_size = 64;
  small.priority_levels = 3;
  small.default_priority = 2;
  small.queue_timeout = absl::Milliseconds(500);
  ASSERT_EQ(config.model_batching.size(), 1U);
  EXPECT_EQ(config.model_batching.at("small"), small);
}

TEST_F(CommandLineTest, AValueOutOfRangeIsNamedWithItsModel) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("max_batch_size": 0)", "max_batch_size: found 0, wanted 1 to 4096"},
      {R"("preferred_batch_sizes": [4, 4])", "at most max_batch_size): found 4, wanted 5 to 8"},
      {R"("preferred_batch_sizes": [16])", "at most max_batch_size): found 16, wanted 1 to 8"},
      {R"("default_priority": 2)", "default_priority: found 2, wanted 1 to 1"},
      {R"("priority_ageing": "0s")", "priority_ageing: found 0, wanted more than 0s"},
      {R"("queue_timeout": "-1s")", "queue_timeout: found -1s, wanted 0s or more"},
      {R"("weight": 0)", "weight: found 0, wanted 0.001 to 1000"},
      {R"("latency_goal": "-1s")", "latency_goal: found -1s, wanted 0s or more"}};
  for (const auto& [field, message] : cases) {
    WriteFile("{\"model_batching\": {\"small\": {" + field + "}}}");
    const absl::Status status = ErrorOf({"--model-repository=/m", "--config", path_});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("model_batching[\"small\"]."));
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
  }
}

TEST_F(CommandLineTest, AnUnknownFieldIsRefusedWithFileAndField) {
  WriteFile(R"({"model_repository": "/models", "batching": {"max_batchsize": 4}})");
  const absl::Status status = ErrorOf({"--config", path_});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  EXPECT_THAT(std::string(status.message()), HasSubstr("max_batchsize"));
}

TEST_F(CommandLineTest, AFileThatIsNotJsonIsRefused) {
  WriteFile("model_repository = /models");
  EXPECT_THAT(std::string(ErrorOf({"--config", path_}).message()), HasSubstr(path_));
}

TEST_F(CommandLineTest, AMissingFileIsNamed) {
  const absl::Status status = ErrorOf({"--config", "/nowhere/server.json"});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "--config: cannot read, or is empty: /nowhere/server.json");
}

TEST_F(CommandLineTest, AFolderInPlaceOfTheFileIsNamed) {
  const absl::Status status = ErrorOf({"--config", "/tmp"});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "--config: cannot read, or is empty: /tmp");
}

struct BadFlag {
  std::string name;
  std::vector<std::string> arguments;
  std::string message;
};

class BadFlagTest : public testing::TestWithParam<BadFlag> {};

TEST_P(BadFlagTest, IsNamedWithWhatWasFoundAndWanted) {
  std::vector<std::string> arguments = {"--model-repository=/models"};
  arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  const auto parsed = ParseCommandLine(arguments);
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadFlagTest,
    testing::Values(
        BadFlag{"UnknownFlag", {"--frobnicate"}, "--frobnicate"},
        BadFlag{"PortTooLarge", {"--grpc-port=65536"}, "listen.grpc_port: found 65536, wanted 0 "},
        BadFlag{"PortNotANumber", {"--grpc-port=http"}, "--grpc-port: "},
        BadFlag{"EmptyAddress", {"--address="}, "--address: "},
        BadFlag{
            "BatchOfZero", {"--max-batch-size=0"}, "batching.max_batch_size: found 0, wanted 1"},
        BadFlag{"DelayWithoutUnit", {"--max-queue-delay=5"}, "--max-queue-delay: found \"5\""},
        BadFlag{"NegativeDelay",
                {"--max-queue-delay=-5ms"},
                "batching.max_queue_delay: found -5ms, wanted 0s or more"},
        BadFlag{"EndlessDrain", {"--drain-delay=inf"}, "--drain-delay: found \"inf\""},
        BadFlag{"NegativeThreads", {"--cpu-threads=-1"}, "compute.cpu_threads: found -1"},
        BadFlag{"AspectBelowOne", {"--max-aspect-ratio=0.5"}, "limits.max_aspect_ratio: found 0.5"},
        BadFlag{
            "RequestTooLargeForAnInt", {"--max-request-bytes=3000000000"}, "--max-request-bytes: "},
        BadFlag{"AdminNeitherOnNorOff", {"--admin=perhaps"}, "--admin: "},
        BadFlag{"NoRunningJobs",
                {"--max-running-jobs=0"},
                "admin.max_running_jobs: found 0, wanted 1 to 1024"},
        BadFlag{"LessInFlightThanOneRequest",
                {"--max-in-flight-bytes=1000"},
                "limits.max_in_flight_bytes: found 1000, wanted 67108864 to "},
        BadFlag{"NoRequestsInFlight",
                {"--max-in-flight-requests=0"},
                "limits.max_in_flight_requests: found 0, wanted 1 to "},
        BadFlag{"NegativeStreams", {"--max-streams=-1"}, "limits.max_streams: found -1"},
        BadFlag{
            "NegativeRate", {"--client-rate=-1"}, "limits.client_rate: found -1, wanted 0 to "}),
    [](const testing::TestParamInfo<BadFlag>& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba::server
