#include "model/training/stochastic_depth.h"

#include <algorithm>

#include "kernels/base/counter_random.h"

namespace localmamba {

std::vector<float> BranchFactors(double drop_path, int64_t depth, int64_t images, uint64_t seed,
                                 int64_t step) {
  const CounterRandom random =
      CounterRandom(seed, "stochastic_depth").Child(static_cast<uint64_t>(step));
  std::vector<float> factors;
  factors.reserve(static_cast<size_t>(depth * images));
  for (int64_t layer = 0; layer < depth; ++layer) {
    const double rate = drop_path * static_cast<double>(layer) /
                        static_cast<double>(std::max<int64_t>(depth - 1, 1));
    for (int64_t image = 0; image < images; ++image) {
      const bool dropped = random.Uniform(factors.size()) < rate;
      factors.push_back(dropped ? 0.0F : static_cast<float>(1 / (1 - rate)));
    }
  }
  return factors;
}

}  // namespace localmamba
