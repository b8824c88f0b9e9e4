#include <algorithm>
#include <array>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/reduce/backends.h"

namespace localmamba {
namespace {

constexpr int64_t kBlock = 64;       // columns that are summed together, in registers
constexpr int64_t kPartRows = 1024;  // rows of one sum

struct SumRowsScratch {
  std::vector<float> parts;
};

// sum[n] = sum of `count` rows of `width` <= kBlock floats.
void SumBlock(const float* row, int64_t stride, int64_t count, int64_t width, float* sum) {
  std::array<float, kBlock> total{};
  if (width == kBlock) {  // as most blocks: a loop of known length stays in registers
    for (int64_t r = 0; r < count; ++r, row += stride) {
      for (size_t n = 0; n < kBlock; ++n) total[n] += row[n];
    }
  } else {
    for (int64_t r = 0; r < count; ++r, row += stride) {
      for (size_t n = 0; n < static_cast<size_t>(width); ++n) total[n] += row[n];
    }
  }
  std::copy_n(total.begin(), width, sum);
}

}  // namespace

absl::Status SumRowsCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t P = y.dim(0);
  const int64_t N = y.dim(1);
  const int64_t repeats = x.dim(0) / P;
  const int64_t blocks = (N + kBlock - 1) / kBlock;
  const int64_t parts = std::max<int64_t>(1, (repeats + kPartRows - 1) / kPartRows);
  std::vector<float>& scratch = stream.Local<SumRowsScratch>().parts;
  float* sums = y.data<float>();  // (parts, P, N)
  if (parts > 1) {
    scratch.resize(std::max(scratch.size(), static_cast<size_t>(parts * P * N)));
    sums = scratch.data();
  }
  const int64_t rows_a_part = std::min(repeats, kPartRows);
  ParallelFor(stream, parts * P * blocks, GrainRows(rows_a_part * kBlock),
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  const int64_t part = i / blocks / P;
                  const int64_t p = i / blocks % P;
                  const int64_t n = i % blocks * kBlock;
                  const int64_t first = part * kPartRows;
                  const float* row = x.data<float>() + (first * P + p) * x.stride(0) + n;
                  SumBlock(row, P * x.stride(0), std::min(kPartRows, repeats - first),
                           std::min(kBlock, N - n), sums + (part * P + p) * N + n);
                }
              });
  if (parts == 1) return absl::OkStatus();
  ParallelFor(stream, P * blocks, GrainRows(parts * kBlock), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at = i / blocks * N + i % blocks * kBlock;
      SumBlock(sums + at, P * N, parts, std::min(kBlock, N - i % blocks * kBlock),
               y.data<float>() + at);
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
