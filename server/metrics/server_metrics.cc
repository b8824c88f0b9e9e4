#include "server/metrics/server_metrics.h"

#include <prometheus/text_serializer.h>

#include <map>
#include <utility>

#include "server/metrics/families.h"
#include "server/metrics/triton_aliases.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

// From a tenth of a millisecond to half a minute: a GPU's batch of one and a CPU's
// batch of many both fall well inside.
const Buckets& SecondsBuckets() {
  static const Buckets buckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                  0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    30};
  return buckets;
}

// 0 tells what came too late.
const Buckets& SlackBuckets() {
  static const Buckets buckets = {0,   0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                  0.1, 0.25,  0.5,    1,     2.5,  5,     30};
  return buckets;
}

const Buckets& BatchBuckets() {
  static const Buckets buckets = {1, 2, 4, 8, 16, 32, 64, 128, 256};
  return buckets;
}

}  // namespace

ServerMetrics::ServerMetrics(prometheus::Registry& registry)
    : registry_(registry),
      batching_(registry),
      failed_(Counters(registry, "localmamba_failed_requests_total",
                       "Requests for the version that failed, by reason")),
      decode_seconds_(Histograms(registry, "localmamba_decode_duration_seconds",
                                 "Decoding, resizing and cropping of one image")),
      deadline_slack_seconds_(
          Histograms(registry, "localmamba_deadline_slack_seconds",
                     "Time that was left when the answer was made, until the "
                     "deadline or the latency goal; below 0: it came too late")),
      preprocess_seconds_(Histograms(registry, "localmamba_preprocess_duration_seconds",
                                     "Decoding, resizing and cropping, with the wait for a "
                                     "thread")),
      queue_seconds_(Histograms(registry, "localmamba_queue_duration_seconds",
                                "Waiting for a batch to be launched")),
      compute_seconds_(Histograms(registry, "localmamba_compute_duration_seconds",
                                  "The network, for the whole batch that held the image")),
      postprocess_seconds_(Histograms(registry, "localmamba_postprocess_duration_seconds",
                                      "From the network's output to the answer")),
      request_seconds_(Histograms(registry, "localmamba_request_duration_seconds",
                                  "From a request's arrival to its answer, of those that "
                                  "succeeded")),
      batch_size_(Histograms(registry, "localmamba_batch_size", "Images in a launched batch")),
      queue_length_(Gauges(registry, "localmamba_queue_length", "Requests that wait for a batch")),
      loaded_(Gauges(registry, "localmamba_model_loaded",
                     "1 while the version is served; 2 while one takes the place of another")),
      max_batch_size_(Gauges(registry, "localmamba_max_batch_size",
                             "Most images in a batch: as configured, or less for want of memory")),
      image_bytes_(Counters(registry, "localmamba_image_bytes_total",
                            "Bytes of images as received, encoded or raw")),
      in_flight_(Gauges(registry, "localmamba_in_flight_requests", "Requests not yet answered")),
      requests_(Counters(registry, "localmamba_requests_total", "Requests answered, by code")),
      rejections_(
          Counters(registry, "localmamba_rejections_total",
                   "Requests answered with an error, and streams that ended with one, by reason "
                   "and code")),
      open_streams_(Gauges(registry, "localmamba_open_streams", "Streams that have not ended")),
      streams_(Counters(registry, "localmamba_streams_total", "Streams that have ended, by code")) {
}

void VersionMetrics::Failed(const absl::Status& status) const {
  failed
      .Add({{"model", model},
            {"version", version},
            {"reason", std::string(ToString(ReasonOf(status)))}})
      .Increment();
}

VersionMetrics ServerMetrics::ForVersion(const std::string& model, int64_t version) {
  const std::map<std::string, std::string> labels = {{"model", model},
                                                     {"version", std::to_string(version)}};
  return {.model = model,
          .version = std::to_string(version),
          .failed = failed_,
          .decode_seconds = decode_seconds_.Add(labels, SecondsBuckets()),
          .deadline_slack_seconds = deadline_slack_seconds_.Add(labels, SlackBuckets()),
          .preprocess_seconds = preprocess_seconds_.Add(labels, SecondsBuckets()),
          .queue_seconds = queue_seconds_.Add(labels, SecondsBuckets()),
          .compute_seconds = compute_seconds_.Add(labels, SecondsBuckets()),
          .postprocess_seconds = postprocess_seconds_.Add(labels, SecondsBuckets()),
          .request_seconds = request_seconds_.Add(labels, SecondsBuckets()),
          .batch_size = batch_size_.Add(labels, BatchBuckets()),
          .queue_length = queue_length_.Add(labels),
          .loaded = loaded_.Add(labels),
          .max_batch_size = max_batch_size_.Add(labels),
          .image_bytes = image_bytes_.Add(labels),
          .batching = batching_.ForVersion(labels)};
}

ServerMetrics::MethodSeries ServerMetrics::ForMethod(const std::string& method) {
  MutexLock lock(mu_);
  const auto [series, is_new] = methods_.try_emplace(method);
  if (is_new) {
    series->second = {.in_flight = &in_flight_.Add({{"method", method}}),
                      .succeeded = &requests_.Add({{"method", method}, {"code", "OK"}})};
  }
  return series->second;
}

void ServerMetrics::RequestBegan(const std::string& method) {
  ForMethod(method).in_flight->Increment();
}

void ServerMetrics::RequestEnded(const std::string& method, const absl::Status& status) {
  const MethodSeries series = ForMethod(method);
  series.in_flight->Decrement();
  if (status.ok()) return series.succeeded->Increment();
  const std::string code = absl::StatusCodeToString(status.code());
  requests_.Add({{"method", method}, {"code", code}}).Increment();
  CountRejection(method, code, status);
}

void ServerMetrics::CountRejection(const std::string& method, const std::string& code,
                                   const absl::Status& status) {
  if (status.ok()) return;
  const std::string reason(ToString(ReasonOf(status)));
  rejections_.Add({{"method", method}, {"code", code}, {"reason", reason}}).Increment();
}

void ServerMetrics::StreamBegan(const std::string& method) {
  open_streams_.Add({{"method", method}}).Increment();
}

void ServerMetrics::StreamEnded(const std::string& method, const absl::Status& status) {
  open_streams_.Add({{"method", method}}).Decrement();
  const std::string code = absl::StatusCodeToString(status.code());
  streams_.Add({{"method", method}, {"code", code}}).Increment();
  CountRejection(method, code, status);
}

std::string ServerMetrics::Text() const {
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  const std::vector<prometheus::MetricFamily> aliases = TritonAliases(families);
  families.insert(families.end(), aliases.begin(), aliases.end());
  for (const prometheus::Collectable* more : more_) {
    const std::vector<prometheus::MetricFamily> others = more->Collect();
    families.insert(families.end(), others.begin(), others.end());
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace localmamba::server
