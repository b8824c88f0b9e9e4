// The mixers of both families in double precision, written for reading: one image at a time, loops
// over tokens, sequences gathered in scan order. Formulas of reference §3.3 to §3.5, §4.3 and §8.1.
#ifndef LOCALMAMBA_TESTS_REFERENCE_MIXER_H_
#define LOCALMAMBA_TESTS_REFERENCE_MIXER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/layers/mixer_config.h"

namespace localmamba::reference {

// rows x columns, row-major.
struct Matrix {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<double> values;

  Matrix(int64_t r, int64_t c) : rows(r), columns(c), values(static_cast<size_t>(r * c)) {}
  double& operator()(int64_t r, int64_t c) { return values[static_cast<size_t>(r * columns + c)]; }
  double operator()(int64_t r, int64_t c) const {
    return values[static_cast<size_t>(r * columns + c)];
  }
};

struct Mixer {
  MixerConfig config;
  int64_t conv_width = 4;           // MambaMixer only
  bool middle_class_token = false;  // MambaMixer only
  VerticalReverse vertical_reverse = VerticalReverse::kExact;
  int64_t height = 0;  // of the grid
  int64_t width = 0;
  std::map<std::string, std::vector<double>> parameters;  // by official name without prefix
};

// x: tokens of one image, (T, E).
Matrix MambaMixer(const Mixer& mixer, const Matrix& x);
Matrix Ss2d(const Mixer& mixer, const Matrix& x);

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_MIXER_H_
