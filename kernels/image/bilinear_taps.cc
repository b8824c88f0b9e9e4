#include "kernels/image/bilinear_taps.h"

#include <algorithm>

namespace localmamba {

std::vector<BilinearTaps> MakeBilinearTaps(int64_t in, int64_t out) {
  std::vector<BilinearTaps> taps(static_cast<size_t>(out));
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  for (int64_t i = 0; i < out; ++i) {
    const double source = std::max(0.0, (static_cast<double>(i) + 0.5) * scale - 0.5);
    const auto first = std::min(static_cast<int64_t>(source), in - 1);
    const double fraction = source - static_cast<double>(first);
    taps[static_cast<size_t>(i)] = {
        .index = {first, std::min(first + 1, in - 1)},
        .weight = {static_cast<float>(1.0 - fraction), static_cast<float>(fraction)}};
  }
  return taps;
}

}  // namespace localmamba
