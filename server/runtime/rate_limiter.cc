#include "server/runtime/rate_limiter.h"

#include <algorithm>

#include "kernels/base/check.h"

namespace localmamba::server {

RateLimiter::RateLimiter(const Options& options, Clock& clock)
    : per_token_(absl::Seconds(1) / options.rate),
      to_fill_(per_token_ * options.burst),
      max_clients_(options.max_clients),
      clock_(clock) {
  LM_CHECK(options.rate > 0 && options.burst >= 1 && options.max_clients >= 1);
}

absl::Duration RateLimiter::Take(const std::string& client) {
  const MutexLock lock(mu_);
  const absl::Time now = clock_.Now();
  Bucket& bucket = *Find(client);
  // One token less means that it is full so much later. Not later than if it were empty, though the
  // clock may have been set back.
  const absl::Time full = std::clamp(bucket.full, now, now + to_fill_) + per_token_;
  if (full - now > to_fill_) return full - now - to_fill_;
  bucket.full = full;
  return absl::ZeroDuration();
}

RateLimiter::Buckets::iterator RateLimiter::Find(const std::string& client) {
  const auto known = by_client_.find(client);
  if (known != by_client_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, known->second);
    return known->second;
  }
  if (buckets_.size() == max_clients_) {
    by_client_.erase(buckets_.back().client);
    buckets_.pop_back();
  }
  buckets_.push_front({client, absl::InfinitePast()});
  by_client_[client] = buckets_.begin();
  return buckets_.begin();
}

}  // namespace localmamba::server
