// Checks the gradients of double-precision references against central differences of the forward.
//
//   // The loss dot(dy, Forward(x, weight)) has the gradients that Backward returns for dy.
//   const auto loss = [&] { return Dot(dy, reference::Forward(x, weight)); };
//   ExpectGradient(backward.dx, x, loss);
//   ExpectGradient(backward.dweight, weight, loss);
#ifndef LOCALMAMBA_TESTS_SUPPORT_FINITE_DIFFERENCE_H_
#define LOCALMAMBA_TESTS_SUPPORT_FINITE_DIFFERENCE_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "absl/functional/function_ref.h"

namespace localmamba {

inline double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Expects `gradient` to hold the derivatives of `loss` by the elements of `x`, which `loss` reads:
// they are varied one after the other and restored.
//
// With steps of 1e-5 the differences of smooth functions of moderate size are good to about 1e-10:
// the error of the formula is of the order of step^2, that of rounding of epsilon / step.
inline void ExpectGradient(const std::vector<double>& gradient, std::vector<double>& x,
                           absl::FunctionRef<double()> loss, double tolerance = 1e-7) {
  constexpr double kStep = 1e-5;
  ASSERT_EQ(gradient.size(), x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const double value = x[i];
    x[i] = value + kStep;
    const double above = loss();
    x[i] = value - kStep;
    const double below = loss();
    x[i] = value;
    const double expected = (above - below) / (2.0 * kStep);
    EXPECT_NEAR(gradient[i], expected, tolerance * (1.0 + std::abs(expected)))
        << "at element " << i;
  }
}

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_FINITE_DIFFERENCE_H_
