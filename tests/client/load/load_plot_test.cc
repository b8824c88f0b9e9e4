#include "client/load/load_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "client/load/phase_json.h"
#include "tests/support/temporary_folder.h"

namespace localmamba::client {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

nlohmann::ordered_json PhaseOf(int64_t requests, absl::Duration latency) {
  PhaseResult result = {.load = "poisson", .window = absl::Seconds(1)};
  result.slo = absl::Milliseconds(50);
  result.requests = requests;
  result.answered = requests;
  for (int64_t i = 0; i < requests; ++i) {
    result.stages.total.Record(latency * static_cast<double>(i + 1));
  }
  return ToJson(result);
}

TEST(LoadPlotTest, OnePhaseIsDrawnByPercentile) {
  const auto panels = PlotLoad({{"", {PhaseOf(1000, absl::Milliseconds(1))}}});
  ASSERT_TRUE(panels.ok()) << panels.status();
  ASSERT_THAT(*panels, SizeIs(1));
  const Panel& panel = (*panels)[0];
  ASSERT_THAT(panel.curves, SizeIs(2));  // and the SLO
  EXPECT_EQ(panel.curves[0].points.front().second, 1);
  EXPECT_DOUBLE_EQ(panel.curves[0].points.back().first, 3);  // 99.9% of 1000
  EXPECT_GE(panel.y.high, 999);
}

TEST(LoadPlotTest, ASweepIsDrawnAgainstTheOfferedLoad) {
  const auto panels =
      PlotLoad({{"", {PhaseOf(10, absl::Milliseconds(1)), PhaseOf(20, absl::Milliseconds(2))}}});
  ASSERT_TRUE(panels.ok()) << panels.status();
  ASSERT_THAT(*panels, SizeIs(3));
  const Curve& p99 = (*panels)[1].curves[0];
  ASSERT_THAT(p99.points, SizeIs(2));
  EXPECT_EQ(p99.points[1].first, 20);
  EXPECT_NEAR(p99.points[1].second, 40, 0.04);
}

TEST(LoadPlotTest, SeveralReportsAreComparedByName) {
  const auto panels = PlotLoad({{"classic", {PhaseOf(10, absl::Milliseconds(1))}},
                                {"goal", {PhaseOf(10, absl::Milliseconds(2))}}});
  ASSERT_TRUE(panels.ok()) << panels.status();
  ASSERT_THAT(*panels, SizeIs(2));
  EXPECT_EQ((*panels)[0].curves[0].name, "classic, p99");
  EXPECT_EQ((*panels)[1].curves[1].name, "goal");
}

TEST(LoadPlotTest, WhatIsNoReportIsNamed) {
  const auto panels = PlotLoad({{"mine", {{{"load", "poisson"}}}}});
  EXPECT_EQ(panels.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(panels.status().message()), HasSubstr("mine: a phase is not one"));
}

TEST(LoadPlotTest, NothingAnsweredIsNothingToDraw) {
  const auto panels = PlotLoad({{"", {PhaseOf(0, absl::Milliseconds(1))}}});
  EXPECT_EQ(panels.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(FigureTest, IsAPngFile) {
  const auto panels = PlotLoad({{"", {PhaseOf(100, absl::Milliseconds(1))}}});
  const TemporaryFolder folder;
  const std::string path = folder / "figure.png";
  ASSERT_TRUE(WriteFigure(*panels, path).ok());
  std::ifstream file(path, std::ios::binary);
  EXPECT_THAT(std::string(std::istreambuf_iterator<char>(file), {}), StartsWith("\x89PNG\r\n"));
}

TEST(FigureTest, APathThatCannotBeWrittenIsNamed) {
  const auto panels = PlotLoad({{"", {PhaseOf(1, absl::Milliseconds(1))}}});
  EXPECT_THAT(std::string(WriteFigure(*panels, "/no/such/folder/x.png").message()),
              HasSubstr("/no/such/folder/x.png cannot be written"));
}

TEST(AxisTest, TicksAreRoundAndCoverTheValues) {
  const Axis linear = LinearAxis("", 730);
  EXPECT_EQ(linear.ticks[1].second, "100");
  EXPECT_EQ(linear.high, 800);
  const Axis logarithmic = LogarithmicAxis("", 3, 700);
  EXPECT_EQ(logarithmic.low, 2);
  EXPECT_EQ(logarithmic.high, 1000);
  EXPECT_EQ(LogarithmicAxis("", 1, 1).low, 1);
}

}  // namespace
}  // namespace localmamba::client
