#include "client/cli/bench_text.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/table.h"

namespace localmamba::client {
namespace {

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%.2f", absl::ToDoubleMilliseconds(duration));
}

std::vector<std::string> Row(const std::string& name, const LatencyHistogram& histogram) {
  std::vector<std::string> row = {absl::StrCat("  ", name), Milliseconds(histogram.mean())};
  for (const double quantile : {0.5, 0.75, 0.9, 0.95, 0.99, 0.999}) {
    row.push_back(Milliseconds(histogram.Quantile(quantile)));
  }
  row.push_back(Milliseconds(histogram.max()));
  return row;
}

}  // namespace

void PrintPhase(const PhaseResult& result, std::ostream& out) {
  out << absl::StrFormat("%s: %d requests in %s, %.1f/s offered, %.1f/s answered", result.load,
                         result.requests, absl::FormatDuration(result.window),
                         result.PerSecond(result.requests), result.PerSecond(result.answered));
  if (result.slo.has_value()) {
    out << absl::StrFormat(", %.1f/s (%.2f%%) within %s", result.PerSecond(result.within_slo),
                           100 * result.fraction_within_slo(), absl::FormatDuration(*result.slo));
  }
  out << absl::StrFormat(", mean batch %.1f\n", result.mean_batch());
  std::vector<std::vector<std::string>> rows = {
      {"  ms", "mean", "p50", "p75", "p90", "p95", "p99", "p99.9", "max"}};
  for (const StageName& stage : kStages) {
    rows.push_back(Row(stage.name, result.stages.*stage.histogram));
  }
  PrintTable(rows, out);
  for (const auto& [code, error] : result.errors) {
    out << absl::StrFormat("  %d x %s, such as: %s\n", error.count, code, error.example);
  }
}

void PrintPhases(const std::vector<PhaseResult>& results, std::ostream& out) {
  std::vector<std::vector<std::string>> rows = {
      {"load", "offered/s", "answered/s", "within SLO", "p50 ms", "p99 ms", "batch"}};
  for (const PhaseResult& result : results) {
    const LatencyHistogram& total = result.stages.total;
    rows.push_back({result.load, absl::StrFormat("%.1f", result.PerSecond(result.requests)),
                    absl::StrFormat("%.1f", result.PerSecond(result.answered)),
                    result.slo.has_value()
                        ? absl::StrFormat("%.2f%%", 100 * result.fraction_within_slo())
                        : "",
                    Milliseconds(total.Quantile(0.5)), Milliseconds(total.Quantile(0.99)),
                    absl::StrFormat("%.1f", result.mean_batch())});
  }
  PrintTable(rows, out);
}

}  // namespace localmamba::client
