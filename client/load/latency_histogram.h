// How durations are distributed, in little memory however many there are.
#ifndef LOCALMAMBA_CLIENT_LOAD_LATENCY_HISTOGRAM_H_
#define LOCALMAMBA_CLIENT_LOAD_LATENCY_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace localmamba::client {

// A high dynamic range histogram (Gil Tene's HdrHistogram): buckets grow with the value, so that
// each duration from 1 microsecond to days is known to 0.1%. What is shorter counts as 0. Not safe
// to use from several threads.
class LatencyHistogram {
 public:
  void Record(absl::Duration value);
  void Add(const LatencyHistogram& other);

  [[nodiscard]] int64_t count() const { return count_; }
  [[nodiscard]] absl::Duration mean() const;  // 0 if there is none, as for the others
  [[nodiscard]] absl::Duration max() const { return max_; }

  // The least recorded value that `quantile`, 0 to 1, of all do not exceed, to 0.1%; max() for 1.
  [[nodiscard]] absl::Duration Quantile(double quantile) const;

 private:
  std::vector<int64_t> counts_;  // by bucket, as far as there are any
  int64_t count_ = 0;
  absl::Duration sum_;
  absl::Duration max_;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_LOAD_LATENCY_HISTOGRAM_H_
