// What is counted of batching, under the names that docs/operations.md lists.
#ifndef LOCALMAMBA_SERVER_METRICS_BATCH_METRICS_H_
#define LOCALMAMBA_SERVER_METRICS_BATCH_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <string>

namespace localmamba::server {

// Series of one version of one model. References into the registry, which outlives them.
struct BatchSeries {
  prometheus::Gauge& queue_bytes;           // of images that wait for a batch
  prometheus::Gauge& batches_in_flight;     // launched and not finished
  prometheus::Counter& padding_images;      // computed to fill batches up to a size
  prometheus::Counter& failures;            // batches that the engine could not run
  prometheus::Counter& reruns;              // batches run again after a failure
  prometheus::Counter& abandoned;           // requests run although their callers had left before
  prometheus::Histogram& copy_in_seconds;   // of a batch to the device
  prometheus::Histogram& copy_out_seconds;  // of its results from there
};

// Safe to call from several threads.
class BatchMetrics {
 public:
  // Adds its families to `registry`, which outlives it and holds none of the same name.
  explicit BatchMetrics(prometheus::Registry& registry);

  using Labels = std::map<std::string, std::string>;

  // `version` are the labels of the model and version. The same series for the same labels.
  BatchSeries ForVersion(const Labels& version);

  // A request was given up at `stage` for `reason`.
  void CountShed(Labels version, const std::string& stage, const std::string& reason);

 private:
  prometheus::Family<prometheus::Gauge>& queue_bytes_;
  prometheus::Family<prometheus::Gauge>& batches_in_flight_;
  prometheus::Family<prometheus::Counter>& padding_images_;
  prometheus::Family<prometheus::Counter>& failures_;
  prometheus::Family<prometheus::Counter>& reruns_;
  prometheus::Family<prometheus::Counter>& abandoned_;
  prometheus::Family<prometheus::Counter>& sheds_;
  prometheus::Family<prometheus::Histogram>& copy_in_seconds_;
  prometheus::Family<prometheus::Histogram>& copy_out_seconds_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_METRICS_BATCH_METRICS_H_
