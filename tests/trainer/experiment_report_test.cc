#include "trainer/experiment_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "trainer/experiment_table.h"

namespace localmamba::trainer {
namespace {

using nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;

ordered_json Metrics(double top1) {
  return {{"top1", top1},
          {"top5", 1.0},
          {"train_loss", 0.5},
          {"validation_loss", nullptr},
          {"parameters", 2'000'000},
          {"macs", 30'000'000},
          {"training", {{"seconds", 10.0}, {"peak_memory_bytes", 1 << 20}}}};
}

// A plan of two seeds, and what came out of it.
class ExperimentReportTest : public ::testing::Test {
 protected:
  void AddVariant(const std::string& name, const std::string& directions,
                  const std::string& attention) {
    for (const int64_t seed : {1, 2}) {
      plan_.runs.push_back({.variant = plan_.variants.size(),
                            .seed = seed,
                            .folder = absl::StrCat("runs/", name, "/seed-", seed)});
    }
    plan_.variants.push_back({name, directions, attention});
  }
  // The next run of the plan ends.
  RunRecord& AddRun(double top1) {
    records_.push_back({.planned = &plan_.runs[records_.size()], .metrics = Metrics(top1)});
    return records_.back();
  }
  void AddSearch(double top1, std::vector<std::vector<std::string>> layers) {
    RunRecord& record = AddRun(top1);
    ordered_json found = ordered_json::array();
    for (size_t i = 0; i < layers.size(); ++i)
      found.push_back({{"entropy", 1.5}, {"margin", 0.25}});
    record.metrics["search"] = {
        {"seconds", 5.0}, {"candidates", {"h", "v", "w2", "w4"}}, {"layers", std::move(found)}};
    record.layers = std::move(layers);
  }
  [[nodiscard]] ordered_json Report() const { return MakeReport(plan_, records_); }

  ExperimentPlan plan_;
  std::vector<RunRecord> records_;
};

TEST_F(ExperimentReportTest, HasMeanAndDeviationOfEachVariantAndTheDifferenceToTheFirst) {
  AddVariant("base", "base", "channel");
  AddVariant("other", "h v", "channel");
  for (const double top1 : {0.50, 0.54, 0.60, 0.60}) AddRun(top1);
  const ordered_json report = Report();
  const ordered_json& base = report.at("variants").at(0);
  EXPECT_EQ(base.at("finished_runs"), 2);
  EXPECT_DOUBLE_EQ(base.at("top1").at("mean").get<double>(), 0.52);
  EXPECT_NEAR(base.at("top1").at("standard_deviation").get<double>(), 0.04 / std::sqrt(2), 1e-12);
  EXPECT_EQ(base.at("seconds").at("mean"), 10.0);
  EXPECT_EQ(base.at("parameters").at("mean"), 2'000'000);
  EXPECT_FALSE(base.contains("validation_loss"));
  EXPECT_FALSE(base.contains("difference"));
  const ordered_json& difference = report.at("variants").at(1).at("difference");
  EXPECT_NEAR(difference.at("top1").get<double>(), 0.08, 1e-12);
  // sqrt(sd^2 / 2 + 0 / 2), where sd = 0.04 / sqrt(2).
  EXPECT_NEAR(difference.at("standard_error").get<double>(), 0.02, 1e-12);
  ASSERT_THAT(report.at("runs"), SizeIs(4));
  EXPECT_EQ(report.at("runs").at(3).at("metrics").at("top1"), 0.60);
  EXPECT_EQ(report.at("runs").at(3).at("folder"), "runs/other/seed-2");
}

TEST_F(ExperimentReportTest, OneRunHasNoDeviation) {
  AddVariant("base", "base", "channel");
  AddRun(0.5);
  const ordered_json report = Report();
  EXPECT_EQ(report.at("planned_runs"), 2);
  EXPECT_EQ(report.at("ended_runs"), 1);
  EXPECT_TRUE(report.at("variants").at(0).at("top1").at("standard_deviation").is_null());
}

TEST_F(ExperimentReportTest, DivergedRunsAreCountedAndCountForNothingElse) {
  AddVariant("base", "base", "channel");
  AddRun(0.5);
  RunRecord& record = AddRun(0);
  record.metrics = nullptr;
  record.diverged = "training diverged at step 7";
  const ordered_json report = Report();
  EXPECT_EQ(report.at("variants").at(0).at("diverged_runs"), 1);
  EXPECT_EQ(report.at("variants").at(0).at("top1").at("mean"), 0.5);
  EXPECT_EQ(report.at("runs").at(1).at("diverged"), "training diverged at step 7");
  EXPECT_THAT(FormatTable(report), HasSubstr("base: 1 diverged"));
}

TEST_F(ExperimentReportTest, AContributionIsTheMeanOverPairsThatDifferInNothingElse) {
  AddVariant("a", "h", "none");
  AddVariant("b", "h", "channel");
  AddVariant("c", "w2", "none");
  AddVariant("d", "w2", "channel");
  for (const double top1 : {0.10, 0.10, 0.20, 0.20, 0.30, 0.30, 0.60, 0.60}) AddRun(top1);
  const ordered_json report = Report();
  ASSERT_THAT(report.at("contributions"), SizeIs(2));
  const ordered_json& directions = report.at("contributions").at(0);
  EXPECT_EQ(directions.at("component"), "directions");
  EXPECT_EQ(directions.at("from"), "h");
  EXPECT_EQ(directions.at("to"), "w2");
  EXPECT_EQ(directions.at("pairs"), 2);
  EXPECT_NEAR(directions.at("top1").get<double>(), 0.30, 1e-12);
  EXPECT_EQ(directions.at("standard_error"), 0);
  EXPECT_NEAR(report.at("contributions").at(1).at("top1").get<double>(), 0.20, 1e-12);
  EXPECT_THAT(FormatTable(report), HasSubstr("+20.00 +- 0.00  attention: \"none\" to \"channel\""));
}

TEST_F(ExperimentReportTest, SearchesAreComparedWithEachOther) {
  AddVariant("searched", "search", "channel");
  AddSearch(0.5, {{"h", "v"}, {"h", "w2"}});
  AddSearch(0.5, {{"h", "v"}, {"h", "w4"}});
  const ordered_json report = Report();
  const ordered_json& variant = report.at("variants").at(0);
  const ordered_json& search = variant.at("search");
  EXPECT_DOUBLE_EQ(search.at("agreement").get<double>(), 0.75);
  EXPECT_DOUBLE_EQ(search.at("chance_agreement").get<double>(), 0.5);
  EXPECT_DOUBLE_EQ(search.at("entropy").get<double>(), 1.5);
  EXPECT_DOUBLE_EQ(search.at("uniform_entropy").get<double>(), std::log(4));
  EXPECT_THAT(search.at("layers").at(1).at("times_chosen").get<std::vector<int>>(),
              ElementsAre(2, 0, 1, 1));
  EXPECT_DOUBLE_EQ(search.at("layers").at(1).at("agreement").get<double>(), 0.5);
  EXPECT_EQ(variant.at("search_seconds").at("mean"), 5.0);
}

TEST_F(ExperimentReportTest, TheTableHas100Columns) {
  AddVariant("base", "base", "channel");
  AddVariant(std::string(24, 'n'), "search", "channel");
  AddRun(1);
  AddRun(0);
  AddSearch(0.5, {{"h", "v"}});
  AddSearch(0.5, {{"h", "w2"}});
  const std::string table = FormatTable(Report());
  EXPECT_THAT(table, HasSubstr("base                         2    50.00  70.71        -      -"));
  EXPECT_THAT(table, HasSubstr("seeds agree in  50% (chance  50%), entropy 1.500 of 1.386"));
  for (const auto line : absl::StrSplit(table, '\n')) EXPECT_THAT(line, SizeIs(Le(100))) << line;
}

TEST_F(ExperimentReportTest, WhatHasNotEndedIsADash) {
  AddVariant("base", "base", "channel");
  AddVariant("other", "h", "channel");
  AddRun(0.5);
  const std::string table = FormatTable(Report());
  EXPECT_THAT(table, HasSubstr("other                        0        -"));
  EXPECT_THAT(table, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace localmamba::trainer
