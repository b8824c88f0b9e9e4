// kernels/scan/merge_directions_backward.h in double precision. Absent arguments are empty vectors.
#ifndef LOCALMAMBA_TESTS_REFERENCE_MERGE_DIRECTIONS_BACKWARD_H_
#define LOCALMAMBA_TESTS_REFERENCE_MERGE_DIRECTIONS_BACKWARD_H_

#include <cstddef>
#include <vector>

#include "tests/reference/activation.h"
#include "tests/reference/layer_norm_backward.h"
#include "tests/reference/merge_directions.h"

namespace localmamba::reference {

struct MergeDirectionsGradients {
  std::vector<double> d_o, dchannel, dlocal, dglobal, dw;
};

inline MergeDirectionsGradients MergeDirectionsBackward(const MergeDirectionsInput& in,
                                                        const std::vector<double>& dy) {
  const size_t D = in.channels;
  MergeDirectionsGradients result = {.d_o = std::vector<double>(in.o.size()),
                                     .dchannel = std::vector<double>(in.channel.size()),
                                     .dlocal = std::vector<double>(in.local.size()),
                                     .dglobal = std::vector<double>(in.global.size()),
                                     .dw = std::vector<double>(in.w.size())};
  for (size_t row = 0; row < in.o.size() / D; ++row) {
    const size_t entry = row / in.tokens;  // k * B + b
    const size_t k = entry / in.batch;
    const double* o = &in.o[row * D];
    const double* dy_row = &dy[(entry % in.batch * in.tokens + row % in.tokens) * D];
    const double spatial = in.local.empty() ? 1.0 : Sigmoid(in.local[row] + in.global[entry]);
    std::vector<double> channel(D, 1.0);
    std::vector<double> term(D);
    for (size_t d = 0; d < D; ++d) {
      if (!in.channel.empty()) channel[d] = in.channel[entry * D + d];
      term[d] = o[d] * channel[d] * spatial;
    }
    std::vector<double> dt(dy_row, dy_row + D);
    if (!in.w.empty()) {
      const NormalizedRow normalized = NormalizeRow(term.data(), D, 1e-5, /*centred=*/true);
      for (size_t d = 0; d < D; ++d) {
        result.dw[k] += dy_row[d] * normalized.values[d];
        dt[d] *= in.w[k];
      }
      dt = NormalizationGradient(normalized.values, dt, normalized.scale, /*centred=*/true);
    }
    double dspatial = 0.0;
    for (size_t d = 0; d < D; ++d) {
      result.d_o[row * D + d] = dt[d] * channel[d] * spatial;
      if (!in.channel.empty()) result.dchannel[entry * D + d] += dt[d] * o[d] * spatial;
      dspatial += dt[d] * o[d] * channel[d];
    }
    if (!in.local.empty()) {
      result.dlocal[row] = spatial * (1.0 - spatial) * dspatial;
      result.dglobal[entry] += result.dlocal[row];
    }
  }
  return result;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_MERGE_DIRECTIONS_BACKWARD_H_
