// The taps of a bilinear resize along one axis on a CUDA device.
#ifndef LOCALMAMBA_KERNELS_IMAGE_BILINEAR_TAPS_CUH_
#define LOCALMAMBA_KERNELS_IMAGE_BILINEAR_TAPS_CUH_

namespace localmamba::cuda {

// As BilinearTaps of bilinear_taps.h, to the last bit.
struct DeviceBilinearTaps {
  int index[2];
  float weight[2];
};

// Of output coordinate `i`. `scale` is the size of the input, `in`, by that of the output.
__device__ inline DeviceBilinearTaps MakeDeviceBilinearTaps(int i, double scale, int in) {
  // Without fused multiply-adds, which would round otherwise than the CPU.
  const double source = fmax(0.0, __dadd_rn(__dmul_rn(i + 0.5, scale), -0.5));
  const int first = min(static_cast<int>(source), in - 1);
  const double fraction = source - first;
  return {{first, min(first + 1, in - 1)},
          {static_cast<float>(1.0 - fraction), static_cast<float>(fraction)}};
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_IMAGE_BILINEAR_TAPS_CUH_
