// Which inputs, with which integer weights, make each output of an antialiased resize along one
// axis. The formula is in resize_antialiased.h.
#ifndef LOCALMAMBA_KERNELS_IMAGE_ANTIALIAS_TAPS_H_
#define LOCALMAMBA_KERNELS_IMAGE_ANTIALIAS_TAPS_H_

#include <cstdint>
#include <vector>

#include "kernels/image/resize_antialiased.h"

namespace localmamba {

// Fractional bits of the weights: 8 bits of pixel and 2 for sums beyond the largest pixel leave 22
// of 32.
inline constexpr int kAntialiasWeightBits = 22;

struct AntialiasTaps {
  struct Range {
    int64_t first;          // input
    int64_t count;          // of inputs, at least 1
    const int32_t* weight;  // [count]; they sum to about 1 << kAntialiasWeightBits
  };
  // Of one output.
  [[nodiscard]] Range at(int64_t output) const {
    const auto i = static_cast<size_t>(output);
    return {first[i], count[i], weights.data() + i * stride};
  }

  std::vector<int64_t> first;
  std::vector<int64_t> count;
  std::vector<int32_t> weights;  // of output i from i * stride
  size_t stride = 0;
};

// `in` and `out` are at least 1.
AntialiasTaps MakeAntialiasTaps(int64_t in, int64_t out, ResizeFilter filter);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_ANTIALIAS_TAPS_H_
