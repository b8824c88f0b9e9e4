// kernels/scan/selective_scan_backward.h in double precision, for one direction.
#ifndef LOCALMAMBA_TESTS_REFERENCE_SELECTIVE_SCAN_BACKWARD_H_
#define LOCALMAMBA_TESTS_REFERENCE_SELECTIVE_SCAN_BACKWARD_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/reference/activation.h"
#include "tests/reference/selective_scan.h"

namespace localmamba::reference {

struct SelectiveScanGradients {
  std::vector<double> du, dstep, dB, dC, dz, dA, dD, ddelta_bias;
};

// dy: (batch, tokens, channels). Rows that no position reads keep 0.
inline SelectiveScanGradients SelectiveScanBackward(const SelectiveScanInput& in,
                                                    const std::vector<double>& dy) {
  const size_t length = in.read.empty() ? in.rows : in.read.size();
  SelectiveScanGradients g = {.du = std::vector<double>(in.batch * in.rows * in.channels),
                              .dstep = std::vector<double>(in.batch * in.rows * in.channels),
                              .dB = std::vector<double>(in.batch * in.rows * in.states),
                              .dC = std::vector<double>(in.batch * in.rows * in.states),
                              .dz = std::vector<double>(in.z.size()),
                              .dA = std::vector<double>(in.channels * in.states),
                              .dD = std::vector<double>(in.D.size()),
                              .ddelta_bias = std::vector<double>(in.channels)};
  const auto map = [](const std::vector<int32_t>& indices, size_t t) {
    return indices.empty() ? static_cast<int64_t>(t) : indices[t];
  };
  // Where element i of row `row` of batch entry b is.
  const auto place = [](size_t rows, size_t width, size_t b, int64_t row, size_t i) {
    return (b * rows + static_cast<size_t>(row)) * width + i;
  };
  for (size_t b = 0; b < in.batch; ++b) {
    for (size_t d = 0; d < in.channels; ++d) {
      const double* A = &in.A[d * in.states];
      const double skip = in.D.empty() ? 0.0 : in.D[d];
      std::vector<double> raw(length, in.delta_bias.empty() ? 0.0 : in.delta_bias[d]);
      std::vector<double> step(length);
      std::vector<double> u(length);
      std::vector<double> h((length + 1) * in.states);  // of position t from (t + 1) * states on
      for (size_t t = 0; t < length; ++t) {
        const int64_t row = map(in.read, t);
        if (row >= 0) {
          u[t] = in.u[place(in.rows, in.channels, b, row, d)];
          if (in.rank == 0) raw[t] += in.delta[place(in.rows, in.channels, b, row, d)];
          for (size_t r = 0; r < in.rank; ++r) {
            raw[t] +=
                in.delta[place(in.rows, in.rank, b, row, r)] * in.delta_weight[d * in.rank + r];
          }
        }
        step[t] = in.delta_softplus ? Softplus(raw[t]) : raw[t];
        for (size_t n = 0; n < in.states; ++n) {
          const double B = row < 0 ? 0.0 : in.B[place(in.rows, in.states, b, row, n)];
          h[(t + 1) * in.states + n] =
              std::exp(step[t] * A[n]) * h[t * in.states + n] + step[t] * B * u[t];
        }
      }
      std::vector<double> dh(in.states);
      for (size_t t = length; t-- > 0;) {
        const int64_t row = map(in.read, t);
        const int64_t target = map(in.write, t);
        const double dout = target < 0 ? 0.0 : dy[place(in.tokens, in.channels, b, target, d)];
        double gated = dout;
        int64_t z_row = -1;
        double z = 0.0;
        if (!in.z.empty()) {
          z_row = map(in.z_read, t);
          if (z_row >= 0) z = in.z[place(in.tokens, in.channels, b, z_row, d)];
          gated *= Silu(z);
        }
        double out = skip * u[t];
        double du = skip * gated;
        double dstep = 0.0;
        for (size_t n = 0; n < in.states; ++n) {
          const double B = row < 0 ? 0.0 : in.B[place(in.rows, in.states, b, row, n)];
          const double C = row < 0 ? 0.0 : in.C[place(in.rows, in.states, b, row, n)];
          const double decay = std::exp(step[t] * A[n]);
          const double before = h[t * in.states + n];
          const double after = h[(t + 1) * in.states + n];
          out += C * after;
          dh[n] += C * gated;
          du += step[t] * B * dh[n];
          dstep += dh[n] * (A[n] * decay * before + B * u[t]);
          g.dA[d * in.states + n] += step[t] * decay * before * dh[n];
          if (row >= 0) {
            g.dB[place(in.rows, in.states, b, row, n)] += step[t] * u[t] * dh[n];
            g.dC[place(in.rows, in.states, b, row, n)] += gated * after;
          }
          dh[n] *= decay;
        }
        if (in.delta_softplus) dstep *= Sigmoid(raw[t]);
        g.ddelta_bias[d] += dstep;
        if (!in.D.empty()) g.dD[d] += gated * u[t];
        if (row >= 0) {
          g.du[place(in.rows, in.channels, b, row, d)] = du;
          g.dstep[place(in.rows, in.channels, b, row, d)] = dstep;
        }
        if (z_row >= 0) {
          const double slope = Sigmoid(z) * (1.0 + z * (1.0 - Sigmoid(z)));
          g.dz[place(in.tokens, in.channels, b, z_row, d)] = dout * out * slope;
        }
      }
    }
  }
  return g;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_SELECTIVE_SCAN_BACKWARD_H_
