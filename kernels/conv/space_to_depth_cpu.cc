#include <algorithm>

#include "kernels/conv/backends.h"
#include "kernels/device/parallel.h"

namespace localmamba {

absl::Status SpaceToDepthCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t H = x.dim(1);
  const int64_t W = x.dim(2);
  const int64_t C = x.dim(3);
  const int64_t merged_rows = y.dim(1);
  const int64_t merged_columns = y.dim(2);
  const auto* source = x.data<float>();
  auto* destination = y.data<float>();
  ParallelFor(stream, y.dim(0) * merged_rows, GrainRows(merged_columns * 4 * C),
              [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                  const int64_t b = row / merged_rows;
                  const int64_t i = row % merged_rows;
                  float* out = destination + row * merged_columns * 4 * C;
                  for (int64_t j = 0; j < merged_columns; ++j) {
                    for (int64_t part = 0; part < 4; ++part, out += C) {
                      const int64_t r = 2 * i + part % 2;
                      const int64_t c = 2 * j + part / 2;
                      if (r < H && c < W) {
                        std::copy_n(source + ((b * H + r) * W + c) * C, C, out);
                      } else {
                        std::fill_n(out, C, 0.0F);
                      }
                    }
                  }
                }
              });
  return absl::OkStatus();
}

}  // namespace localmamba
