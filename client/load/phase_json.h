// Results as JSON, for other programs and for plots.
#ifndef LOCALMAMBA_CLIENT_LOAD_PHASE_JSON_H_
#define LOCALMAMBA_CLIENT_LOAD_PHASE_JSON_H_

#include "client/load/phase_result.h"
#include "nlohmann/json.hpp"

namespace localmamba::client {

// {"load", "seconds", "requests", "answered", "errors": {code: {"count", "example"}},
//  "offered_per_second", "answered_per_second", "mean_batch",
//  "slo_ms", "within_slo", "goodput_per_second"   (only with an SLO),
//  "latency_ms": {stage: {"count", "mean", "p50", "p75", "p90", "p95", "p99", "p99.9", "max"}},
//  "spectrum_ms": [[quantile, latency], ...]      (of the total; quantiles ascend)}
nlohmann::ordered_json ToJson(const PhaseResult& result);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_LOAD_PHASE_JSON_H_
