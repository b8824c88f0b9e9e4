// The backward of a linear operation from its forward alone.
#ifndef LOCALMAMBA_TESTS_REFERENCE_TRANSPOSED_H_
#define LOCALMAMBA_TESTS_REFERENCE_TRANSPOSED_H_

#include <cstddef>
#include <numeric>
#include <vector>

namespace localmamba::reference {

// dx[i] = dot(dy, forward(unit vector i)) for x of `size` elements.
template <class Forward>
std::vector<double> Transposed(size_t size, const std::vector<double>& dy, Forward forward) {
  std::vector<double> dx(size);
  std::vector<double> unit(size);
  for (size_t i = 0; i < size; ++i) {
    unit[i] = 1.0;
    const std::vector<double> y = forward(unit);
    unit[i] = 0.0;
    dx[i] = std::inner_product(dy.begin(), dy.end(), y.begin(), 0.0);
  }
  return dx;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_TRANSPOSED_H_
