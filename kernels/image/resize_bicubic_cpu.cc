#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/image/backends.h"

namespace localmamba {
namespace {

// The four inputs of one output coordinate along one axis.
struct Taps {
  std::array<int64_t, 4> index;
  std::array<float, 4> weight;
};

// Keys' kernel with a = -0.75 at the distances t + 1, t, 1 - t, 2 - t.
std::array<float, 4> KeysWeights(double t) {
  constexpr double kA = -0.75;
  const auto near = [](double s) { return ((kA + 2) * s - (kA + 3)) * s * s + 1; };
  const auto far = [](double s) { return ((kA * s - 5 * kA) * s + 8 * kA) * s - 4 * kA; };
  return {static_cast<float>(far(t + 1)), static_cast<float>(near(t)),
          static_cast<float>(near(1 - t)), static_cast<float>(far(2 - t))};
}

std::vector<Taps> MakeTaps(int64_t in, int64_t out) {
  std::vector<Taps> taps(static_cast<size_t>(out));
  for (int64_t i = 0; i < out; ++i) {
    const double source =
        (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5;
    const double floor = std::floor(source);
    Taps& at = taps[static_cast<size_t>(i)];
    at.weight = KeysWeights(source - floor);
    for (int64_t k = 0; k < 4; ++k) {
      at.index[static_cast<size_t>(k)] =
          std::clamp<int64_t>(static_cast<int64_t>(floor) - 1 + k, 0, in - 1);
    }
  }
  return taps;
}

}  // namespace

absl::Status ResizeBicubicCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t W = x.dim(1);
  const int64_t C = x.dim(2);
  const int64_t Wo = y.dim(1);
  const std::vector<Taps> rows = MakeTaps(x.dim(0), y.dim(0));
  const std::vector<Taps> columns = MakeTaps(W, Wo);
  ParallelFor(stream, y.dim(0) * Wo, GrainRows(16 * C), [&](int64_t begin, int64_t end) {
    for (int64_t cell = begin; cell < end; ++cell) {
      const Taps& row = rows[static_cast<size_t>(cell / Wo)];
      const Taps& column = columns[static_cast<size_t>(cell % Wo)];
      float* out = y.data<float>() + cell * C;
      std::fill_n(out, C, 0.0F);
      for (size_t p = 0; p < 4; ++p) {
        for (size_t q = 0; q < 4; ++q) {
          const float* in = x.data<float>() + (row.index[p] * W + column.index[q]) * C;
          const float weight = row.weight[p] * column.weight[q];
          for (int64_t c = 0; c < C; ++c) out[c] += weight * in[c];
        }
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
