// Random numbers that are a function of a key and an index: no state, so results depend neither on
// the order of draws, nor on the number of threads, nor on the platform's random number library.
#ifndef LOCALMAMBA_KERNELS_BASE_COUNTER_RANDOM_H_
#define LOCALMAMBA_KERNELS_BASE_COUNTER_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <numbers>

#include "absl/strings/string_view.h"

namespace localmamba {

// A sequence of random numbers that can be read at any index; splitmix64 (Steele, Lea, Flood 2014)
// used as a hash of a counter.
class CounterRandom {
 public:
  // `name` tells sequences of one seed apart.
  CounterRandom(uint64_t seed, absl::string_view name) : key_(Mix(seed + kGamma) ^ Fnv1a(name)) {}

  // A family of sequences: the one of this index, independent of this sequence and of the others.
  [[nodiscard]] CounterRandom Child(uint64_t index) const {
    return CounterRandom(Mix(Mix(key_ ^ kChild) + (index + 1) * kGamma));
  }

  [[nodiscard]] uint64_t Bits(uint64_t index) const { return Mix(key_ + (index + 1) * kGamma); }

  // In (0, 1).
  [[nodiscard]] double Uniform(uint64_t index) const {
    return (static_cast<double>(Bits(index) >> 11) + 0.5) * 0x1p-53;
  }

  // Box-Muller. At most 8.7 standard deviations from 0.
  [[nodiscard]] double Normal(uint64_t index) const {
    const double radius = std::sqrt(-2 * std::log(Uniform(2 * index)));
    return radius * std::cos(2 * std::numbers::pi * Uniform(2 * index + 1));
  }

 private:
  static constexpr uint64_t kGamma = 0x9E3779B97F4A7C15U;
  static constexpr uint64_t kChild = 0xD1B54A32D192ED03U;  // any odd number

  explicit CounterRandom(uint64_t key) : key_(key) {}

  static uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

  static uint64_t Fnv1a(absl::string_view text) {
    uint64_t hash = 0xCBF29CE484222325U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return hash;
  }

  uint64_t key_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_BASE_COUNTER_RANDOM_H_
