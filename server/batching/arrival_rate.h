// How many images come in a second.
#ifndef LOCALMAMBA_SERVER_BATCHING_ARRIVAL_RATE_H_
#define LOCALMAMBA_SERVER_BATCHING_ARRIVAL_RATE_H_

#include <cmath>
#include <cstddef>

#include "absl/time/time.h"

namespace localmamba::server {

// Counts arrivals with weights that decay by e in kMemory: with n arrivals in that time the estimate
// is right to about 1 / sqrt(2 n). Not safe to call from several threads.
class ArrivalRate {
 public:
  void Observe(size_t images, absl::Time now) {
    count_ = DecayedCount(now) + static_cast<double>(images);
    if (now > last_) last_ = now;
  }

  [[nodiscard]] double PerSecond(absl::Time now) const {
    return DecayedCount(now) / absl::ToDoubleSeconds(kMemory);
  }

 private:
  static constexpr absl::Duration kMemory = absl::Milliseconds(200);

  // A clock that was put back decays nothing.
  [[nodiscard]] double DecayedCount(absl::Time now) const {
    return now > last_ ? count_ * std::exp(-absl::FDivDuration(now - last_, kMemory)) : count_;
  }

  double count_ = 0;
  absl::Time last_ = absl::InfinitePast();
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_ARRIVAL_RATE_H_
