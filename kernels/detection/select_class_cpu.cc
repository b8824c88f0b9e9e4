#include "kernels/detection/backends.h"
#include "kernels/device/parallel.h"

namespace localmamba {

absl::Status SelectClassCpu(const ConstTensorView& x, const ConstTensorView& classes,
                            const TensorView& y, Stream& stream) {
  const int64_t P = x.dim(1);
  const int64_t C = x.dim(2);
  ParallelFor(stream, x.dim(0), GrainRows(P), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float* channel = x.data<float>() + r * P * C + classes.data<int32_t>()[r];
      for (int64_t p = 0; p < P; ++p) y.data<float>()[r * P + p] = channel[p * C];
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
