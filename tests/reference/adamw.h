// kernels/optim/adamw.h in double precision.
#ifndef LOCALMAMBA_TESTS_REFERENCE_ADAMW_H_
#define LOCALMAMBA_TESTS_REFERENCE_ADAMW_H_

#include <cmath>
#include <cstddef>
#include <vector>

namespace localmamba::reference {

struct AdamWState {
  std::vector<double> parameter, first_moment, second_moment;
};

struct AdamWOptions {
  double learning_rate, beta1, beta2, epsilon, weight_decay;
};

// Step number `step`, counted from 1, with a gradient that is unscaled and clipped.
inline void AdamW(const std::vector<double>& gradient, const AdamWOptions& options, int step,
                  AdamWState& state) {
  for (size_t i = 0; i < gradient.size(); ++i) {
    double& p = state.parameter[i];
    double& m = state.first_moment[i];
    double& v = state.second_moment[i];
    p -= options.learning_rate * options.weight_decay * p;
    m = options.beta1 * m + (1.0 - options.beta1) * gradient[i];
    v = options.beta2 * v + (1.0 - options.beta2) * gradient[i] * gradient[i];
    const double m_hat = m / (1.0 - std::pow(options.beta1, step));
    const double v_hat = v / (1.0 - std::pow(options.beta2, step));
    p -= options.learning_rate * m_hat / (std::sqrt(v_hat) + options.epsilon);
  }
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_ADAMW_H_
