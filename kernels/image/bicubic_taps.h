// The taps of resize_bicubic.h along one axis.
#ifndef LOCALMAMBA_KERNELS_IMAGE_BICUBIC_TAPS_H_
#define LOCALMAMBA_KERNELS_IMAGE_BICUBIC_TAPS_H_

#include <array>
#include <cstdint>
#include <vector>

namespace localmamba {

// The four inputs of one output coordinate; at a border several are the same.
struct BicubicTaps {
  std::array<int64_t, 4> index;
  std::array<float, 4> weight;
};

// One entry for each of `out` coordinates.
std::vector<BicubicTaps> MakeBicubicTaps(int64_t in, int64_t out);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_BICUBIC_TAPS_H_
