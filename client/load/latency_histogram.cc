#include "client/load/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace localmamba::client {
namespace {

// Microseconds below 2 * kHalf have a bucket each; above, each doubling is cut into kHalf.
constexpr int kHalfBits = 10;
constexpr uint64_t kHalf = uint64_t{1} << kHalfBits;

size_t BucketOf(uint64_t microseconds) {
  const auto width = static_cast<int>(std::bit_width(microseconds));
  const uint64_t shift = width > kHalfBits + 1 ? static_cast<uint64_t>(width - kHalfBits - 1) : 0;
  return static_cast<size_t>(shift * kHalf + (microseconds >> shift));
}

// The largest value of a bucket.
uint64_t UpperEdge(size_t bucket) {
  const uint64_t shift = bucket < 2 * kHalf ? 0 : bucket / kHalf - 1;
  return ((bucket - shift * kHalf + 1) << shift) - 1;
}

}  // namespace

void LatencyHistogram::Record(absl::Duration value) {
  value = std::max(value, absl::ZeroDuration());
  const size_t bucket = BucketOf(static_cast<uint64_t>(absl::ToInt64Microseconds(value)));
  if (bucket >= counts_.size()) counts_.resize(bucket + 1);
  ++counts_[bucket];
  ++count_;
  sum_ += value;
  max_ = std::max(max_, value);
}

void LatencyHistogram::Add(const LatencyHistogram& other) {
  counts_.resize(std::max(counts_.size(), other.counts_.size()));
  for (size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

absl::Duration LatencyHistogram::mean() const {
  return count_ == 0 ? absl::ZeroDuration() : sum_ / count_;
}

absl::Duration LatencyHistogram::Quantile(double quantile) const {
  const auto wanted = static_cast<int64_t>(std::ceil(quantile * static_cast<double>(count_)));
  int64_t seen = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted && seen > 0) {
      return std::min(max_, absl::Microseconds(static_cast<int64_t>(UpperEdge(i))));
    }
  }
  return max_;
}

}  // namespace localmamba::client
