// What the server counts and times, under the names that docs/operations.md lists.
#ifndef LOCALMAMBA_SERVER_METRICS_SERVER_METRICS_H_
#define LOCALMAMBA_SERVER_METRICS_SERVER_METRICS_H_

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "kernels/base/mutex.h"
#include "server/metrics/batch_metrics.h"

namespace localmamba::server {

// Series of one version of one model. References into the registry, which outlives them.
struct VersionMetrics {
  // Counts a request for the version that failed with `status`, which is not OK.
  void Failed(const absl::Status& status) const;

  std::string model;
  std::string version;
  prometheus::Family<prometheus::Counter>& failed;  // by reason
  prometheus::Histogram& decode_seconds;            // decode, resize, crop, without the wait
  prometheus::Histogram& deadline_slack_seconds;    // left at the answer, of calls with a deadline
  prometheus::Histogram& preprocess_seconds;   // decode, resize, crop, with the wait for a thread
  prometheus::Histogram& queue_seconds;        // wait for a batch
  prometheus::Histogram& compute_seconds;      // the network, for the whole batch
  prometheus::Histogram& postprocess_seconds;  // from the network's output to the answer
  prometheus::Histogram& request_seconds;      // from arrival to the answer
  prometheus::Histogram& batch_size;           // images, one observation for each batch
  prometheus::Gauge& queue_length;             // requests that wait for a batch
  prometheus::Gauge& loaded;                   // 1; 2 while one takes the place of another
  prometheus::Gauge& max_batch_size;           // as configured, or less for want of memory
  prometheus::Counter& image_bytes;            // as received: encoded or raw
  BatchSeries batching;
};

// Safe to call from several threads.
class ServerMetrics {
 public:
  // Adds its families to `registry`, which outlives it and holds none of the same name.
  explicit ServerMetrics(prometheus::Registry& registry);

  // The same series for the same arguments.
  VersionMetrics ForVersion(const std::string& model, int64_t version);

  // Of requests that are given up before they are run.
  [[nodiscard]] BatchMetrics& batching() { return batching_; }

  // `method` as in "Classify". Call the first when a request comes, the second when it is answered.
  void RequestBegan(const std::string& method);
  void RequestEnded(const std::string& method, const absl::Status& status);

  // Of calls that carry many requests, each of which is counted as above.
  void StreamBegan(const std::string& method);
  void StreamEnded(const std::string& method, const absl::Status& status);

  // Adds what Text tells. Not while others use this. `more` outlives it.
  void AlsoCollect(const prometheus::Collectable& more) { more_.push_back(&more); }

  // Everything in the registry, and once more under the names of Triton Inference Server
  // (triton_aliases.h), in Prometheus' text format 0.0.4.
  [[nodiscard]] std::string Text() const;

 private:
  // What every request of a method counts; found by its labels once.
  struct MethodSeries {
    prometheus::Gauge* in_flight;
    prometheus::Counter* succeeded;
  };

  MethodSeries ForMethod(const std::string& method) ABSL_LOCKS_EXCLUDED(mu_);
  void CountRejection(const std::string& method, const std::string& code,
                      const absl::Status& status);

  const prometheus::Registry& registry_;
  BatchMetrics batching_;
  prometheus::Family<prometheus::Counter>& failed_;
  prometheus::Family<prometheus::Histogram>& decode_seconds_;
  prometheus::Family<prometheus::Histogram>& deadline_slack_seconds_;
  prometheus::Family<prometheus::Histogram>& preprocess_seconds_;
  prometheus::Family<prometheus::Histogram>& queue_seconds_;
  prometheus::Family<prometheus::Histogram>& compute_seconds_;
  prometheus::Family<prometheus::Histogram>& postprocess_seconds_;
  prometheus::Family<prometheus::Histogram>& request_seconds_;
  prometheus::Family<prometheus::Histogram>& batch_size_;
  prometheus::Family<prometheus::Gauge>& queue_length_;
  prometheus::Family<prometheus::Gauge>& loaded_;
  prometheus::Family<prometheus::Gauge>& max_batch_size_;
  prometheus::Family<prometheus::Counter>& image_bytes_;
  prometheus::Family<prometheus::Gauge>& in_flight_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Counter>& rejections_;
  prometheus::Family<prometheus::Gauge>& open_streams_;
  prometheus::Family<prometheus::Counter>& streams_;
  std::vector<const prometheus::Collectable*> more_;

  Mutex mu_;
  std::map<std::string, MethodSeries> methods_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_METRICS_SERVER_METRICS_H_
