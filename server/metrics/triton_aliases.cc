#include "server/metrics/triton_aliases.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace localmamba::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// What of a series of ours makes Triton's value.
enum class Take : uint8_t { kValue, kCount, kSum, kMicroseconds };

struct Alias {
  const char* name;
  const char* help;
  MetricType type;
  const char* own;
  Take take;
};

constexpr MetricType kCounter = MetricType::Counter;

constexpr std::array<Alias, 9> kAliases = {{
    {"nv_inference_request_success", "Requests that succeeded", kCounter,
     "localmamba_request_duration_seconds", Take::kCount},
    {"nv_inference_count", "Images that the network was run for", kCounter, "localmamba_batch_size",
     Take::kSum},
    {"nv_inference_exec_count", "Batches that the network was run for", kCounter,
     "localmamba_batch_size", Take::kCount},
    {"nv_inference_request_duration_us", "Time of requests that succeeded", kCounter,
     "localmamba_request_duration_seconds", Take::kMicroseconds},
    {"nv_inference_queue_duration_us", "Their time in the queue", kCounter,
     "localmamba_queue_duration_seconds", Take::kMicroseconds},
    {"nv_inference_compute_input_duration_us", "Their time of decoding and preparation", kCounter,
     "localmamba_preprocess_duration_seconds", Take::kMicroseconds},
    {"nv_inference_compute_infer_duration_us", "Their time in the network", kCounter,
     "localmamba_compute_duration_seconds", Take::kMicroseconds},
    {"nv_inference_compute_output_duration_us", "Their time from the network to the answer",
     kCounter, "localmamba_postprocess_duration_seconds", Take::kMicroseconds},
    {"nv_inference_pending_request_count", "Requests that wait for the network", MetricType::Gauge,
     "localmamba_queue_length", Take::kValue},
}};

constexpr char kFailures[] = "localmamba_failed_requests_total";
constexpr char kFailuresAlias[] = "nv_inference_request_failure";

double ValueOf(const ClientMetric& metric, Take take) {
  switch (take) {
    case Take::kValue:
      return metric.gauge.value;
    case Take::kCount:
      return static_cast<double>(metric.histogram.sample_count);
    case Take::kSum:
      return metric.histogram.sample_sum;
    case Take::kMicroseconds:
      return metric.histogram.sample_sum * 1e6;
  }
  return 0;
}

MetricFamily Rename(const MetricFamily& own, const Alias& alias) {
  MetricFamily result{.name = alias.name, .help = alias.help, .type = alias.type, .metric = {}};
  for (const ClientMetric& source : own.metric) {
    ClientMetric metric;
    metric.label = source.label;
    const double value = ValueOf(source, alias.take);
    if (alias.type == kCounter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    result.metric.push_back(std::move(metric));
  }
  return result;
}

// Triton tells four reasons apart.
std::string TritonReason(const std::string& reason) {
  if (reason == "cancelled") return "CANCELED";
  if (reason == "internal" || reason == "device_lost") return "BACKEND";
  if (reason == "deadline" || reason == "queue_timeout" || reason == "batch_queue_full" ||
      reason == "decode_queue_full") {
    return "REJECTED";
  }
  return "OTHER";
}

MetricFamily FailuresOf(const MetricFamily& own) {
  using Labels = std::map<std::string, std::string>;
  std::map<Labels, double> sums;
  for (const ClientMetric& source : own.metric) {
    Labels labels;
    for (const ClientMetric::Label& label : source.label) {
      labels[label.name] = label.name == "reason" ? TritonReason(label.value) : label.value;
    }
    sums[labels] += source.counter.value;
  }
  MetricFamily result{
      .name = kFailuresAlias, .help = "Requests that failed", .type = kCounter, .metric = {}};
  for (const auto& [labels, sum] : sums) {
    ClientMetric metric;
    for (const auto& [name, value] : labels) metric.label.push_back({name, value});
    metric.counter.value = sum;
    result.metric.push_back(std::move(metric));
  }
  return result;
}

}  // namespace

std::vector<MetricFamily> TritonAliases(const std::vector<MetricFamily>& own) {
  std::vector<MetricFamily> result;
  for (const MetricFamily& family : own) {
    for (const Alias& alias : kAliases) {
      if (family.name == alias.own) result.push_back(Rename(family, alias));
    }
    if (family.name == kFailures) result.push_back(FailuresOf(family));
  }
  return result;
}

}  // namespace localmamba::server
