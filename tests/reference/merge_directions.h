// kernels/scan/merge_directions.h in double precision. Absent arguments are empty vectors.
#ifndef LOCALMAMBA_TESTS_REFERENCE_MERGE_DIRECTIONS_H_
#define LOCALMAMBA_TESTS_REFERENCE_MERGE_DIRECTIONS_H_

#include <cmath>
#include <cstddef>
#include <vector>

#include "tests/reference/activation.h"

namespace localmamba::reference {

struct MergeDirectionsInput {
  size_t directions = 0;  // K
  size_t batch = 0;       // B
  size_t tokens = 0;      // L
  size_t channels = 0;    // D
  std::vector<double> o, channel, local, global, w;
};

inline std::vector<double> MergeDirections(const MergeDirectionsInput& in) {
  std::vector<double> y(in.batch * in.tokens * in.channels, 0.0);
  std::vector<double> term(in.channels);
  for (size_t k = 0; k < in.directions; ++k) {
    for (size_t b = 0; b < in.batch; ++b) {
      const size_t entry = k * in.batch + b;
      for (size_t l = 0; l < in.tokens; ++l) {
        const size_t row = entry * in.tokens + l;
        const double spatial = in.local.empty() ? 1.0 : Sigmoid(in.local[row] + in.global[entry]);
        double mean = 0.0;
        for (size_t d = 0; d < in.channels; ++d) {
          const double channel = in.channel.empty() ? 1.0 : in.channel[entry * in.channels + d];
          term[d] = in.o[row * in.channels + d] * channel * spatial;
          mean += term[d] / static_cast<double>(in.channels);
        }
        if (!in.w.empty()) {
          double variance = 0.0;
          for (const double value : term) {
            variance += (value - mean) * (value - mean) / static_cast<double>(in.channels);
          }
          for (double& value : term) {
            value = in.w[k] * (value - mean) / std::sqrt(variance + 1e-5);
          }
        }
        for (size_t d = 0; d < in.channels; ++d) {
          y[(b * in.tokens + l) * in.channels + d] += term[d];
        }
      }
    }
  }
  return y;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_MERGE_DIRECTIONS_H_
