#include <array>
#include <cmath>

#include "kernels/device/parallel.h"
#include "kernels/optim/backends.h"
#include "kernels/optim/pieces.h"

namespace localmamba {
namespace {

double SumOfSquares(const float* values, int64_t count) {
  constexpr int64_t kSums = 8;  // side by side, for the processor's vectors
  std::array<double, kSums> sums{};
  int64_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    for (size_t k = 0; k < kSums; ++k) {
      const double value = values[i + static_cast<int64_t>(k)];
      sums[k] += value * value;
    }
  }
  double total = 0.0;
  for (const double sum : sums) total += sum;
  for (; i < count; ++i) total += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return total;
}

}  // namespace

void GradientNormCpu(absl::Span<const ConstTensorView> gradients, const TensorView& norm,
                     const Stream& stream) {
  const std::vector<Piece> pieces =
      CutIntoPieces(gradients, [](const ConstTensorView& tensor) { return tensor.elements(); });
  std::vector<double> sums(pieces.size());
  ParallelFor(stream, static_cast<int64_t>(pieces.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const Piece& piece = pieces[static_cast<size_t>(p)];
      sums[static_cast<size_t>(p)] = SumOfSquares(
          gradients[piece.tensor].data<float>() + piece.begin, piece.end - piece.begin);
    }
  });
  double total = 0.0;
  for (const double sum : sums) total += sum;
  *norm.data<float>() = static_cast<float>(std::sqrt(total));
}

}  // namespace localmamba
