// The server's own series once more under the names that Triton Inference Server gives them
// (https://docs.nvidia.com/deeplearning/triton-inference-server, "Metrics"), so that dashboards and
// perf_analyzer, which know those, work unchanged.
#ifndef LOCALMAMBA_SERVER_METRICS_TRITON_ALIASES_H_
#define LOCALMAMBA_SERVER_METRICS_TRITON_ALIASES_H_

#include <prometheus/metric_family.h>

#include <vector>

namespace localmamba::server {

// The families nv_inference_* that follow from `own`, what a registry of ServerMetrics has
// collected, each series with the labels model and version: counters of microseconds where Triton
// has them. A family whose source is not in `own` is left out. They cost nothing until they are
// asked for.
std::vector<prometheus::MetricFamily> TritonAliases(
    const std::vector<prometheus::MetricFamily>& own);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_METRICS_TRITON_ALIASES_H_
