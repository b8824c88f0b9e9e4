#include "client/load/phase_json.h"

#include <cmath>

namespace localmamba::client {
namespace {

using nlohmann::ordered_json;

double Milliseconds(absl::Duration duration) { return absl::ToDoubleMilliseconds(duration); }

ordered_json ToJson(const LatencyHistogram& histogram) {
  return {{"count", histogram.count()},
          {"mean", Milliseconds(histogram.mean())},
          {"p50", Milliseconds(histogram.Quantile(0.5))},
          {"p75", Milliseconds(histogram.Quantile(0.75))},
          {"p90", Milliseconds(histogram.Quantile(0.9))},
          {"p95", Milliseconds(histogram.Quantile(0.95))},
          {"p99", Milliseconds(histogram.Quantile(0.99))},
          {"p99.9", Milliseconds(histogram.Quantile(0.999))},
          {"max", Milliseconds(histogram.max())}};
}

// Evenly spaced on a scale where each further nine is as long as the last, up to the last quantile
// that more than one request decides.
ordered_json Spectrum(const LatencyHistogram& histogram) {
  constexpr double kStepsForEachNine = 20;
  ordered_json points = ordered_json::array();
  const auto count = static_cast<double>(histogram.count());
  for (int step = 0;; ++step) {
    const double beyond = std::pow(10, -step / kStepsForEachNine);  // 1 - quantile
    if (beyond * count < 1) return points;
    points.push_back({1 - beyond, Milliseconds(histogram.Quantile(1 - beyond))});
  }
}

}  // namespace

ordered_json ToJson(const PhaseResult& result) {
  ordered_json json = {{"load", result.load},
                       {"seconds", absl::ToDoubleSeconds(result.window)},
                       {"requests", result.requests},
                       {"answered", result.answered},
                       {"errors", ordered_json::object()},
                       {"offered_per_second", result.PerSecond(result.requests)},
                       {"answered_per_second", result.PerSecond(result.answered)},
                       {"mean_batch", result.mean_batch()}};
  for (const auto& [code, error] : result.errors) {
    json["errors"][code] = {{"count", error.count}, {"example", error.example}};
  }
  if (result.slo.has_value()) {
    json["slo_ms"] = Milliseconds(*result.slo);
    json["within_slo"] = result.fraction_within_slo();
    json["goodput_per_second"] = result.PerSecond(result.within_slo);
  }
  for (const StageName& stage : kStages) {
    json["latency_ms"][stage.name] = ToJson(result.stages.*stage.histogram);
  }
  json["spectrum_ms"] = Spectrum(result.stages.total);
  return json;
}

}  // namespace localmamba::client
