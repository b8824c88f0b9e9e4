#include <algorithm>
#include <cmath>

#include "kernels/device/parallel.h"
#include "kernels/optim/backends.h"
#include "kernels/optim/pieces.h"

namespace localmamba {
namespace {

// The factors of a step, rounded to float32 where PyTorch rounds them.
struct StepFactors {
  float gradient, beta1, one_minus_beta1, beta2, one_minus_beta2, step_size, root_correction,
      epsilon;
};

StepFactors MakeFactors(const AdamWArgs& args, int64_t step) {
  double gradient = args.unscale;
  if (args.max_norm > 0.0) {
    const double norm = *args.gradient_norm.data<float>() * args.unscale;
    gradient *= std::min(1.0, args.max_norm / (norm + 1e-6));
  }
  const auto t = static_cast<double>(step);
  return {.gradient = static_cast<float>(gradient),
          .beta1 = static_cast<float>(args.beta1),
          .one_minus_beta1 = static_cast<float>(1.0 - args.beta1),
          .beta2 = static_cast<float>(args.beta2),
          .one_minus_beta2 = static_cast<float>(1.0 - args.beta2),
          .step_size = static_cast<float>(args.learning_rate / (1.0 - std::pow(args.beta1, t))),
          .root_correction = static_cast<float>(std::sqrt(1.0 - std::pow(args.beta2, t))),
          .epsilon = static_cast<float>(args.epsilon)};
}

void StepPiece(const AdamWTensor& tensor, const StepFactors& f, double learning_rate, int64_t begin,
               int64_t end) {
  const auto decay = static_cast<float>(1.0 - learning_rate * tensor.weight_decay);
  const float* gradient = tensor.gradient.data<float>();
  auto* parameter = tensor.parameter.data<float>();
  auto* m = tensor.first_moment.data<float>();
  auto* v = tensor.second_moment.data<float>();
  for (int64_t i = begin; i < end; ++i) {
    const float g = gradient[i] * f.gradient;
    m[i] = m[i] * f.beta1 + g * f.one_minus_beta1;
    v[i] = v[i] * f.beta2 + g * g * f.one_minus_beta2;
    const float denominator = std::sqrt(v[i]) / f.root_correction + f.epsilon;
    parameter[i] = parameter[i] * decay - f.step_size * (m[i] / denominator);
  }
}

}  // namespace

void AdamWCpu(const AdamWArgs& args, const Stream& stream) {
  if (!args.gradient_norm.empty() && !std::isfinite(*args.gradient_norm.data<float>())) return;
  const StepFactors factors = MakeFactors(args, ++*args.steps.data<int64_t>());
  const std::vector<Piece> pieces = CutIntoPieces(
      args.tensors, [](const AdamWTensor& tensor) { return tensor.parameter.elements(); });
  ParallelFor(stream, static_cast<int64_t>(pieces.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Piece& piece = pieces[static_cast<size_t>(i)];
      StepPiece(args.tensors[piece.tensor], factors, args.learning_rate, piece.begin, piece.end);
    }
  });
}

}  // namespace localmamba
