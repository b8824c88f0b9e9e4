// What a policy may know when it decides.
#ifndef LOCALMAMBA_SERVER_BATCHING_QUEUE_SNAPSHOT_H_
#define LOCALMAMBA_SERVER_BATCHING_QUEUE_SNAPSHOT_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "server/batching/cost_table.h"

namespace localmamba::server {

// A bucket: the requests of one dtype and shape that wait, which alone can share a batch.
struct BucketSnapshot {
  size_t images = 0;
  absl::Time oldest_arrival;
  // When the first in the bucket's order came, had it the highest priority (see BatchQueue): the
  // bucket with the earliest has waited longest.
  absl::Time first_turn;
  // Of each image, in order: by when its answer is wanted.
  std::vector<absl::Time> due;
};

struct QueueSnapshot {
  std::vector<BucketSnapshot> buckets;  // each with at least one image
  // Of each engine: when it is expected to be free; not after now if it is.
  std::vector<absl::Time> engines_free;
  double images_per_second = 0;  // that have come lately
};

// One that is about to come into the queue.
struct Arrival {
  size_t images = 1;
  absl::Time due;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_QUEUE_SNAPSHOT_H_
