// The taps of a bilinear resize along one axis.
#ifndef LOCALMAMBA_KERNELS_IMAGE_BILINEAR_TAPS_H_
#define LOCALMAMBA_KERNELS_IMAGE_BILINEAR_TAPS_H_

#include <array>
#include <cstdint>
#include <vector>

namespace localmamba {

// The two inputs of one output coordinate; at a border they are the same.
struct BilinearTaps {
  std::array<int64_t, 2> index;
  std::array<float, 2> weight;
};

// One entry for each of `out` coordinates. in >= 1.
std::vector<BilinearTaps> MakeBilinearTaps(int64_t in, int64_t out);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_BILINEAR_TAPS_H_
