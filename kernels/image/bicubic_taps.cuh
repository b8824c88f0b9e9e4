// The taps of resize_bicubic.h along one axis on a CUDA device.
#ifndef LOCALMAMBA_KERNELS_IMAGE_BICUBIC_TAPS_CUH_
#define LOCALMAMBA_KERNELS_IMAGE_BICUBIC_TAPS_CUH_

namespace localmamba::cuda {

struct BicubicTaps {
  int index[4];
  float weight[4];
};

// Keys' kernel with a = -0.75 at the four cells around `out`, indices clamped to the border.
// `scale` is the size of the input by that of the output.
__device__ inline BicubicTaps MakeBicubicTaps(int out, float scale, int in_size) {
  constexpr float a = -0.75F;
  const float centre = (static_cast<float>(out) + 0.5F) * scale - 0.5F;
  const float base = floorf(centre);
  const float t = centre - base;
  const auto near = [](float d) { return ((a + 2.0F) * d - (a + 3.0F)) * d * d + 1.0F; };
  const auto far = [](float d) { return ((d - 5.0F) * d + 8.0F) * d * a - 4.0F * a; };
  BicubicTaps taps = {{}, {far(t + 1.0F), near(t), near(1.0F - t), far(2.0F - t)}};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    taps.index[i] = min(max(static_cast<int>(base) - 1 + i, 0), in_size - 1);
  }
  return taps;
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_IMAGE_BICUBIC_TAPS_CUH_
