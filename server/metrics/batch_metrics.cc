#include "server/metrics/batch_metrics.h"

#include "server/metrics/families.h"

namespace localmamba::server {
namespace {

// From ten microseconds to a tenth of a second.
const prometheus::Histogram::BucketBoundaries& CopyBuckets() {
  static const prometheus::Histogram::BucketBoundaries buckets = {
      0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1};
  return buckets;
}

}  // namespace

BatchMetrics::BatchMetrics(prometheus::Registry& registry)
    : queue_bytes_(
          Gauges(registry, "localmamba_queue_bytes", "Bytes of images that wait for a batch")),
      batches_in_flight_(
          Gauges(registry, "localmamba_batches_in_flight", "Batches launched and not finished")),
      padding_images_(Counters(registry, "localmamba_padding_images_total",
                               "Images computed only to fill batches up to a size")),
      failures_(Counters(registry, "localmamba_batch_failures_total",
                         "Batches that the engine could not run")),
      reruns_(Counters(registry, "localmamba_batch_reruns_total",
                       "Batches that were run again, whole or in part, after a failure")),
      abandoned_(Counters(registry, "localmamba_abandoned_requests_total",
                          "Requests run by the network although their callers had left before")),
      sheds_(Counters(registry, "localmamba_sheds_total",
                      "Requests that batching gave up, by stage and reason")),
      copy_in_seconds_(Histograms(registry, "localmamba_copy_in_duration_seconds",
                                  "Copying a batch to the device; 0 on a CPU")),
      copy_out_seconds_(Histograms(registry, "localmamba_copy_out_duration_seconds",
                                   "Copying a batch's results from the device; 0 on a CPU")) {}

BatchSeries BatchMetrics::ForVersion(const Labels& version) {
  return {.queue_bytes = queue_bytes_.Add(version),
          .batches_in_flight = batches_in_flight_.Add(version),
          .padding_images = padding_images_.Add(version),
          .failures = failures_.Add(version),
          .reruns = reruns_.Add(version),
          .abandoned = abandoned_.Add(version),
          .copy_in_seconds = copy_in_seconds_.Add(version, CopyBuckets()),
          .copy_out_seconds = copy_out_seconds_.Add(version, CopyBuckets())};
}

void BatchMetrics::CountShed(Labels version, const std::string& stage, const std::string& reason) {
  version.insert({{"stage", stage}, {"reason", reason}});
  sheds_.Add(version).Increment();
}

}  // namespace localmamba::server
