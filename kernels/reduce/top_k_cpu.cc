#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/reduce/backends.h"

namespace localmamba {

absl::Status TopKCpu(const ConstTensorView& x, const TensorView& values, const TensorView& indices,
                     Stream& stream) {
  const int64_t N = x.dim(1);
  const int64_t k = values.dim(1);
  ParallelFor(stream, x.dim(0), GrainRows(N), [&](int64_t begin, int64_t end) {
    std::vector<int32_t> order(static_cast<size_t>(N));
    for (int64_t m = begin; m < end; ++m) {
      const float* row = x.data<float>() + m * N;
      const auto precedes = [row](int32_t a, int32_t b) {
        if (std::isnan(row[a]) != std::isnan(row[b])) return std::isnan(row[b]);
        if (row[a] != row[b] && !std::isnan(row[a])) return row[a] > row[b];
        return a < b;
      };
      std::iota(order.begin(), order.end(), 0);
      std::partial_sort(order.begin(), order.begin() + k, order.end(), precedes);
      for (int64_t i = 0; i < k; ++i) {
        const int32_t index = order[static_cast<size_t>(i)];
        values.data<float>()[m * k + i] = row[index];
        indices.data<int32_t>()[m * k + i] = index;
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
