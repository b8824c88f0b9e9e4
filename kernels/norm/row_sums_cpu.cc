#include "kernels/norm/row_sums_cpu.h"

#include <algorithm>
#include <vector>

#include "kernels/device/parallel.h"

namespace localmamba {
namespace {

// A range of few rows would cost more for its partial sums than for the rows; of many ranges the
// partial sums would leave the caches.
constexpr int64_t kMinRows = 16;
constexpr int64_t kMaxRanges = 256;

struct RowSumsScratch {
  std::vector<float> partial;  // dweight and dbias, each (ranges, D)
};

}  // namespace

void SumOverRows(
    Stream& stream, int64_t rows, int64_t D, const TensorView& dweight, const TensorView& dbias,
    absl::FunctionRef<void(int64_t begin, int64_t end, float* dweight, float* dbias)> body) {
  const int64_t length = std::max(kMinRows, (rows + kMaxRanges - 1) / kMaxRanges);
  const int64_t ranges = (rows + length - 1) / length;
  std::vector<float>& partial = stream.Local<RowSumsScratch>().partial;
  partial.assign(static_cast<size_t>(2 * ranges * D), 0.0F);
  float* weights = dweight.empty() ? nullptr : partial.data();
  float* biases = dbias.empty() ? nullptr : partial.data() + ranges * D;
  ParallelFor(stream, ranges, GrainRows(length * D), [&](int64_t begin, int64_t end) {
    for (int64_t range = begin; range < end; ++range) {
      body(range * length, std::min(rows, (range + 1) * length),
           weights == nullptr ? nullptr : weights + range * D,
           biases == nullptr ? nullptr : biases + range * D);
    }
  });
  if (!dweight.empty()) AddRows(weights, ranges, D, dweight.data<float>());
  if (!dbias.empty()) AddRows(biases, ranges, D, dbias.data<float>());
}

void AddRows(const float* rows, int64_t count, int64_t D, float* sums) {
  std::fill_n(sums, D, 0.0F);
  for (int64_t row = 0; row < count; ++row) {
    for (int64_t i = 0; i < D; ++i) sums[i] += rows[row * D + i];
  }
}

}  // namespace localmamba
