// Random numbers one after the other, from a counter-based sequence.
#ifndef LOCALMAMBA_MODEL_DATA_RANDOM_DRAWS_H_
#define LOCALMAMBA_MODEL_DATA_RANDOM_DRAWS_H_

#include <cmath>
#include <cstdint>

#include "kernels/base/counter_random.h"

namespace localmamba {

class RandomDraws {
 public:
  explicit RandomDraws(const CounterRandom& random) : random_(random) {}

  // In (0, 1).
  double Uniform() { return random_.Uniform(next_++); }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  // 0 <= result < count.
  int64_t Below(int64_t count) {
    return static_cast<int64_t>(Uniform() * static_cast<double>(count));
  }
  bool Chance(double probability) { return Uniform() < probability; }
  // Either of +value and -value.
  double RandomSign(double value) { return Chance(0.5) ? value : -value; }
  // Mean 0, variance 1. Takes two numbers of the sequence, like CounterRandom::Normal.
  double Normal() {
    next_ += next_ % 2;
    const double result = random_.Normal(next_ / 2);
    next_ += 2;
    return result;
  }
  // From the Beta distribution with both parameters `alpha` > 0, so symmetric about 1/2.
  double Beta(double alpha) {
    // G1 / (G1 + G2) of two Gamma variates, by their logarithms: for a small alpha they underflow.
    const double first = LogGammaVariate(alpha);
    return 1 / (1 + std::exp(LogGammaVariate(alpha) - first));
  }

 private:
  // Marsaglia and Tsang 2000, for alpha + 1, which U^(1/alpha) takes back to alpha.
  double LogGammaVariate(double alpha) {
    const double d = alpha + 1 - 1.0 / 3;
    const double c = 1 / std::sqrt(9 * d);
    while (true) {
      const double x = Normal();
      const double v = std::pow(1 + c * x, 3);
      if (v <= 0) continue;
      if (std::log(Uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) {
        return std::log(d * v) + std::log(Uniform()) / alpha;
      }
    }
  }

  CounterRandom random_;
  uint64_t next_ = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_RANDOM_DRAWS_H_
