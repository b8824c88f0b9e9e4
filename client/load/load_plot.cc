#include "client/load/load_plot.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace localmamba::client {
namespace {

using nlohmann::ordered_json;

// What is drawn of a phase; times in milliseconds.
struct Phase {
  std::string load;
  double offered = 0;
  double good = 0;  // answered, within the SLO if there is one
  double p50 = 0;
  double p99 = 0;
  double slo = 0;                                   // 0: none
  std::vector<std::pair<double, double>> spectrum;  // quantile and latency
};

struct Report {
  std::string name;
  std::vector<Phase> phases;
};

Phase ToPhase(const ordered_json& json) {
  Phase phase = {.load = json.at("load"),
                 .offered = json.at("offered_per_second"),
                 .good = json.at("answered_per_second"),
                 .p50 = json.at("latency_ms").at("total").at("p50"),
                 .p99 = json.at("latency_ms").at("total").at("p99")};
  if (json.contains("slo_ms")) {
    phase.slo = json.at("slo_ms");
    phase.good = json.at("goodput_per_second");
  }
  for (const ordered_json& point : json.at("spectrum_ms")) {
    phase.spectrum.emplace_back(point.at(0), point.at(1));
  }
  return phase;
}

absl::StatusOr<Report> ToReport(const LoadReport& from) {
  Report report = {.name = from.name};
  for (const ordered_json& json : from.phases) {
    try {
      report.phases.push_back(ToPhase(json));
    } catch (const ordered_json::exception& error) {
      return absl::InvalidArgumentError(
          absl::StrCat(from.name, ": a phase is not one of a report: ", error.what()));
    }
  }
  return report;
}

// Least and greatest of some values.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = 0;

  void Include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

Axis LatencyAxis(const Range& range) {
  constexpr double kMostOnLinearAxis = 20;
  constexpr double kLeast = 0.01;
  const std::string name = "latency [ms]";
  if (range.high < kMostOnLinearAxis * range.low) return LinearAxis(name, range.high);
  return LogarithmicAxis(name, std::max(range.low, kLeast), std::max(range.high, kLeast));
}

// Each nine of the quantile takes the same room.
double Nines(double quantile) { return -std::log10(std::max(1 - quantile, 1e-12)); }

Axis QuantileAxis(double highest_nines) {
  Axis axis = {.name = "percentile", .high = std::max(1.0, highest_nines)};
  axis.ticks = {{0, "0%"}, {Nines(0.5), "50%"}, {Nines(0.75), "75%"}};
  std::string text = "90";
  for (int nines = 1; nines <= axis.high; ++nines) {
    if (nines == 2) text = "99";
    if (nines > 2) absl::StrAppend(&text, nines == 3 ? ".9" : "9");
    axis.ticks.emplace_back(nines, text + "%");
  }
  return axis;
}

// A horizontal line at the SLO of `phase`, if there is one.
void AddSlo(const Phase& phase, Panel& panel) {
  if (phase.slo == 0) return;
  panel.curves.push_back({.name = absl::StrFormat("SLO %g ms", phase.slo),
                          .color = -1,
                          .dashed = true,
                          .points = {{panel.x.low, phase.slo}, {panel.x.high, phase.slo}}});
}

Panel PercentilePanel(const Report& report) {
  Panel panel = {.title = "Latency by percentile"};
  Range latency;
  double nines = 0;
  for (size_t i = 0; i < report.phases.size(); ++i) {
    const Phase& phase = report.phases[i];
    Curve curve = {.name = phase.load, .color = static_cast<int>(i)};
    for (const auto& [quantile, milliseconds] : phase.spectrum) {
      curve.points.emplace_back(Nines(quantile), milliseconds);
      latency.Include(milliseconds);
      nines = std::max(nines, Nines(quantile));
    }
    panel.curves.push_back(std::move(curve));
  }
  if (report.phases[0].slo > 0) latency.Include(report.phases[0].slo);
  panel.x = QuantileAxis(nines);
  panel.y = LatencyAxis(latency);
  AddSlo(report.phases[0], panel);
  return panel;
}

std::string Name(const Report& report, const std::string& what) {
  return report.name.empty() ? what : absl::StrCat(report.name, ", ", what);
}

Panel LatencyPanel(const std::vector<Report>& reports, double most_offered) {
  Panel panel = {.title = "Latency against offered load"};
  Range latency;
  for (size_t i = 0; i < reports.size(); ++i) {
    const auto color = static_cast<int>(i);
    Curve p99 = {.name = Name(reports[i], "p99"), .color = color, .marked = true};
    Curve p50 = {
        .name = Name(reports[i], "median"), .color = color, .dashed = true, .marked = true};
    for (const Phase& phase : reports[i].phases) {
      if (phase.spectrum.empty()) continue;  // nothing was answered
      p99.points.emplace_back(phase.offered, phase.p99);
      p50.points.emplace_back(phase.offered, phase.p50);
      latency.Include(phase.p99);
      latency.Include(phase.p50);
    }
    panel.curves.push_back(std::move(p99));
    panel.curves.push_back(std::move(p50));
  }
  const Phase& first = reports[0].phases[0];
  if (first.slo > 0) latency.Include(first.slo);
  panel.x = LinearAxis("offered requests/s", most_offered);
  panel.y = LatencyAxis(latency);
  AddSlo(first, panel);
  return panel;
}

Panel GoodputPanel(const std::vector<Report>& reports, double most_offered) {
  const bool slo = reports[0].phases[0].slo > 0;
  Panel panel = {.title = slo ? "Goodput: answered within the SLO" : "Answered"};
  Range good;
  for (size_t i = 0; i < reports.size(); ++i) {
    Curve curve = {.name = reports[i].name, .color = static_cast<int>(i), .marked = true};
    for (const Phase& phase : reports[i].phases) {
      curve.points.emplace_back(phase.offered, phase.good);
      good.Include(phase.good);
    }
    panel.curves.push_back(std::move(curve));
  }
  panel.x = LinearAxis("offered requests/s", most_offered);
  panel.y = LinearAxis("requests/s", good.high);
  const double end = std::min(panel.x.high, panel.y.high);
  panel.curves.push_back({.name = "all that was offered",
                          .color = -1,
                          .dashed = true,
                          .points = {{0, 0}, {end, end}}});
  return panel;
}

}  // namespace

absl::StatusOr<std::vector<Panel>> PlotLoad(const std::vector<LoadReport>& from) {
  std::vector<Report> reports;
  double most_offered = 0;
  bool answered = false;
  bool several_phases = false;
  for (const LoadReport& report : from) {
    absl::StatusOr<Report> read = ToReport(report);
    if (!read.ok()) return read.status();
    if (read->phases.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(report.name, ": the report has no phase"));
    }
    several_phases = several_phases || read->phases.size() > 1;
    for (const Phase& phase : read->phases) {
      most_offered = std::max(most_offered, phase.offered);
      answered = answered || !phase.spectrum.empty();
    }
    reports.push_back(*std::move(read));
  }
  if (!answered) return absl::InvalidArgumentError("no request was answered: nothing to draw");
  if (reports.size() == 1) reports[0].name = "";
  std::vector<Panel> panels;
  if (reports.size() == 1) panels.push_back(PercentilePanel(reports[0]));
  if (several_phases || reports.size() > 1) {
    panels.push_back(LatencyPanel(reports, most_offered));
    panels.push_back(GoodputPanel(reports, most_offered));
  }
  return panels;
}

}  // namespace localmamba::client
