#include "kernels/image/bicubic_taps.h"

#include <algorithm>
#include <cmath>

namespace localmamba {
namespace {

// Keys' kernel with a = -0.75 at the distances t + 1, t, 1 - t, 2 - t.
std::array<float, 4> KeysWeights(double t) {
  constexpr double kA = -0.75;
  const auto near = [](double s) { return ((kA + 2) * s - (kA + 3)) * s * s + 1; };
  const auto far = [](double s) { return ((kA * s - 5 * kA) * s + 8 * kA) * s - 4 * kA; };
  return {static_cast<float>(far(t + 1)), static_cast<float>(near(t)),
          static_cast<float>(near(1 - t)), static_cast<float>(far(2 - t))};
}

}  // namespace

std::vector<BicubicTaps> MakeBicubicTaps(int64_t in, int64_t out) {
  std::vector<BicubicTaps> taps(static_cast<size_t>(out));
  for (int64_t i = 0; i < out; ++i) {
    const double source =
        (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5;
    const double floor = std::floor(source);
    BicubicTaps& at = taps[static_cast<size_t>(i)];
    at.weight = KeysWeights(source - floor);
    for (int64_t k = 0; k < 4; ++k) {
      at.index[static_cast<size_t>(k)] =
          std::clamp<int64_t>(static_cast<int64_t>(floor) - 1 + k, 0, in - 1);
    }
  }
  return taps;
}

}  // namespace localmamba
