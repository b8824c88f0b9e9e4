// kernels/scan/selective_scan.h in double precision, for one direction. Absent arguments are empty
// vectors.
#ifndef LOCALMAMBA_TESTS_REFERENCE_SELECTIVE_SCAN_H_
#define LOCALMAMBA_TESTS_REFERENCE_SELECTIVE_SCAN_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/reference/activation.h"

namespace localmamba::reference {

struct SelectiveScanInput {
  size_t batch = 0;
  size_t rows = 0;      // T
  size_t tokens = 0;    // L, rows of z and y
  size_t channels = 0;  // D
  size_t states = 0;    // N
  size_t rank = 0;      // R, 0 without delta_weight
  bool delta_softplus = true;
  std::vector<double> u, delta, B, C, z, delta_weight, delta_bias, A, D;
  std::vector<int32_t> read, z_read, write;
};

// Overwrites the rows of y that `write` names; returns last_state, (B, D, N).
inline std::vector<double> SelectiveScan(const SelectiveScanInput& in, std::vector<double>& y) {
  const size_t length = in.read.empty() ? in.rows : in.read.size();
  const auto map = [](const std::vector<int32_t>& indices, size_t t) {
    return indices.empty() ? static_cast<int64_t>(t) : indices[t];
  };
  // Element i of row `row` of batch entry b, 0 for row -1.
  const auto at = [](const std::vector<double>& values, size_t rows, size_t width, size_t b,
                     int64_t row, size_t i) {
    return row < 0 ? 0.0 : values[(b * rows + static_cast<size_t>(row)) * width + i];
  };
  std::vector<double> state(in.batch * in.channels * in.states, 0.0);
  for (size_t b = 0; b < in.batch; ++b) {
    for (size_t d = 0; d < in.channels; ++d) {
      double* h = &state[(b * in.channels + d) * in.states];
      for (size_t t = 0; t < length; ++t) {
        const int64_t row = map(in.read, t);
        double step = in.delta_bias.empty() ? 0.0 : in.delta_bias[d];
        if (in.delta_weight.empty()) {
          step += at(in.delta, in.rows, in.channels, b, row, d);
        } else {
          for (size_t r = 0; r < in.rank; ++r) {
            step += at(in.delta, in.rows, in.rank, b, row, r) * in.delta_weight[d * in.rank + r];
          }
        }
        if (in.delta_softplus) step = Softplus(step);
        const double u = at(in.u, in.rows, in.channels, b, row, d);
        double out = in.D.empty() ? 0.0 : in.D[d] * u;
        for (size_t n = 0; n < in.states; ++n) {
          h[n] = std::exp(step * in.A[d * in.states + n]) * h[n] +
                 step * at(in.B, in.rows, in.states, b, row, n) * u;
          out += at(in.C, in.rows, in.states, b, row, n) * h[n];
        }
        if (!in.z.empty()) {
          out *= Silu(at(in.z, in.tokens, in.channels, b, map(in.z_read, t), d));
        }
        const int64_t target = map(in.write, t);
        if (target >= 0) y[(b * in.tokens + static_cast<size_t>(target)) * in.channels + d] = out;
      }
    }
  }
  return state;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_SELECTIVE_SCAN_H_
