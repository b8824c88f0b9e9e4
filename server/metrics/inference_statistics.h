// Sums over what one loaded version has done, for clients that take the difference of two looks.
#ifndef LOCALMAMBA_SERVER_METRICS_INFERENCE_STATISTICS_H_
#define LOCALMAMBA_SERVER_METRICS_INFERENCE_STATISTICS_H_

#include <cstddef>
#include <cstdint>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "kernels/base/mutex.h"

namespace localmamba::server {

// Of one request. Of a batch, each request in it has the whole duration.
struct RequestDurations {
  absl::Duration input;   // from arrival to the queue
  absl::Duration queue;   // from there to the launch of the batch
  absl::Duration infer;   // the network
  absl::Duration output;  // from its output to the answer
  absl::Duration total;   // all of these
};

// Of a batch. What was copied to and from a device is part of `infer`.
struct BatchDurations {
  size_t images = 0;
  size_t requests = 0;
  absl::Duration infer, copy_in, copy_out;
};

// Safe from several threads. Starts at zero when the version is loaded and never goes back.
class InferenceStatistics {
 public:
  struct Sum {
    uint64_t count = 0;
    absl::Duration duration;

    void Add(absl::Duration one) {
      ++count;
      duration += one;
    }
  };

  // Counts batches; input and output are copies.
  struct OfBatches {
    Sum input, infer, output;
  };

  struct Totals {
    absl::Time last_request = absl::UnixEpoch();  // that was answered
    uint64_t images = 0;                          // in requests that succeeded
    uint64_t batches = 0;                         // launched
    // Each counts requests: those that succeeded, but for `fail`.
    Sum success, fail, queue, input, infer, output;
    std::map<size_t, OfBatches> by_batch_size;
  };

  // Before the answer is sent, so that whoever has it finds it counted.
  void CountSuccess(const RequestDurations& durations, size_t images, absl::Time now)
      ABSL_LOCKS_EXCLUDED(mu_);
  void CountFailure(absl::Duration total, absl::Time now) ABSL_LOCKS_EXCLUDED(mu_);

  // Before the requests in it are answered. Of the time that CountSuccess takes for the network's,
  // the copies become time of the requests' input and output.
  void CountBatch(const BatchDurations& batch) ABSL_LOCKS_EXCLUDED(mu_);

  [[nodiscard]] Totals totals() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  mutable Mutex mu_;
  Totals totals_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_METRICS_INFERENCE_STATISTICS_H_
