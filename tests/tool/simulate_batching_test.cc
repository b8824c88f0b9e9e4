#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/tool/run_tool.h"

namespace localmamba {
namespace {

class SimulateBatchingTest : public ToolTest {
 protected:
  void SetUp() override {
    ToolTest::SetUp();
    costs_ = Write("costs.json", R"({"1": 5.0, "9": 13.0})");
  }

  std::string costs_;  // 5 ms, and 1 more for each image more than one
};

TEST_F(SimulateBatchingTest, ReplaysATraceExactly) {
  const std::string trace = Write("trace.txt", "# seconds\n0.000\n0.001\n0.002\n0.020\n");
  const ToolResult result =
      Run("simulate-batching --json --slo 12ms --costs " + costs_ + " --arrivals trace:" + trace);
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const nlohmann::json report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report.at("offered"), 4);
  EXPECT_EQ(report.at("answered"), 4);
  // The two that come while the first is run are the next batch, which ends at 11 ms.
  EXPECT_EQ(report.at("batches"), (nlohmann::json{{"1", 2}, {"2", 1}}));
  EXPECT_DOUBLE_EQ(report.at("max_ms").get<double>(), 10);
  EXPECT_EQ(report.at("in_time"), 4);
}

TEST_F(SimulateBatchingTest, AGoalKeepsAnswersInTimeUnderOverload) {
  const ToolResult result =
      Run("simulate-batching --json --latency-goal 20ms --seconds 5 --costs " + costs_ +
          " --max-batch-size 32 --arrivals poisson:1800");
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const nlohmann::json report = nlohmann::json::parse(result.out);
  EXPECT_DOUBLE_EQ(report.at("capacity_per_second").get<double>(), 600);
  EXPECT_LE(report.at("p99_ms").get<double>(), 20);
  EXPECT_GE(report.at("goodput_per_second").get<double>(), 600);
}

TEST_F(SimulateBatchingTest, BadFlagsAreNamed) {
  const std::string command = "simulate-batching --costs " + costs_;
  ExpectError(command + " --arrivals often:3", 2, "--arrivals: found \"often:3\"");
  ExpectError(command + " --arrivals poisson:-3", 2, "--arrivals: found \"poisson:-3\"");
  ExpectError(command + " --arrivals trace:/nowhere", 2, "/nowhere");
  ExpectError(command + " --arrivals poisson:9 --latency-goal 5", 2, "--latency-goal");
  ExpectError(command + " --arrivals poisson:9 --preferred-batch-sizes 4,2", 2,
              "found 2, wanted 5");
  const std::string bad = Write("bad.json", R"({"one": 5})");
  ExpectError("simulate-batching --arrivals poisson:9 --costs " + bad, 2, "found \"one\": 5");
}

}  // namespace
}  // namespace localmamba
