// The order of a data set's images in an epoch.
#ifndef LOCALMAMBA_MODEL_DATA_EPOCH_ORDER_H_
#define LOCALMAMBA_MODEL_DATA_EPOCH_ORDER_H_

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "kernels/base/counter_random.h"
#include "model/data/random_draws.h"

namespace localmamba {

// 0..images-1, shuffled (Fisher and Yates) as only the seed and the epoch say.
inline std::vector<int64_t> EpochOrder(int64_t images, uint64_t seed, int64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(images));
  std::iota(order.begin(), order.end(), 0);
  RandomDraws draws(CounterRandom(seed, "data order").Child(static_cast<uint64_t>(epoch)));
  for (int64_t i = images - 1; i > 0; --i) {
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(draws.Below(i + 1))]);
  }
  return order;
}

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_EPOCH_ORDER_H_
