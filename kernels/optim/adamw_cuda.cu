// A kernel of one thread decides whether the step is taken, counts it and leaves its factors in
// memory of the device; then the tensors are updated, hundreds in a launch.
#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/optim/backends.h"
#include "kernels/optim/cuda/tensor_list.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

struct StepOptions {
  double learning_rate, beta1, beta2, epsilon, unscale, max_norm;
};

// Rounded to float32 where PyTorch rounds.
struct StepFactors {
  bool skipped;
  float gradient, beta1, one_minus_beta1, beta2, one_minus_beta2, step_size, root_correction,
      epsilon;
};

__global__ void PrepareStepKernel(StepOptions options, const float* gradient_norm, int64_t* steps,
                                  StepFactors* factors) {
  factors->skipped = gradient_norm != nullptr && !isfinite(*gradient_norm);
  if (factors->skipped) return;
  double gradient = options.unscale;
  if (options.max_norm > 0.0) {
    const double norm = *gradient_norm * options.unscale;
    gradient *= fmin(1.0, options.max_norm / (norm + 1e-6));
  }
  const auto t = static_cast<double>(++*steps);
  factors->gradient = static_cast<float>(gradient);
  factors->beta1 = static_cast<float>(options.beta1);
  factors->one_minus_beta1 = static_cast<float>(1.0 - options.beta1);
  factors->beta2 = static_cast<float>(options.beta2);
  factors->one_minus_beta2 = static_cast<float>(1.0 - options.beta2);
  factors->step_size = static_cast<float>(options.learning_rate / (1.0 - pow(options.beta1, t)));
  factors->root_correction = static_cast<float>(sqrt(1.0 - pow(options.beta2, t)));
  factors->epsilon = static_cast<float>(options.epsilon);
}

// Pointers: parameter, gradient, first moment, second moment; factor: 1 - learning rate * decay.
__global__ void __launch_bounds__(kListThreads)
    AdamWKernel(const __grid_constant__ TensorList<4> list, const StepFactors* factors) {
  const StepFactors f = *factors;
  if (f.skipped) return;
  const ListPiece<4> piece = PieceOfBlock(list);
  float* const parameter = piece.tensor.pointers[0];
  const float* const gradient = piece.tensor.pointers[1];
  float* const first_moment = piece.tensor.pointers[2];
  float* const second_moment = piece.tensor.pointers[3];
  const float decay = piece.tensor.factor;
  ForEachFour(piece, [&](int64_t i, bool aligned) {
    const int64_t count = piece.end - i;
    float p[4];
    float g[4];
    float m[4];
    float v[4];
    LoadFour(parameter + i, count, aligned, p);
    LoadFour(gradient + i, count, aligned, g);
    LoadFour(first_moment + i, count, aligned, m);
    LoadFour(second_moment + i, count, aligned, v);
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      g[k] *= f.gradient;
      m[k] = m[k] * f.beta1 + g[k] * f.one_minus_beta1;
      v[k] = v[k] * f.beta2 + g[k] * g[k] * f.one_minus_beta2;
      const float denominator = sqrtf(v[k]) / f.root_correction + f.epsilon;
      p[k] = p[k] * decay - f.step_size * (m[k] / denominator);
    }
    StoreFour(p, count, aligned, parameter + i);
    StoreFour(m, count, aligned, first_moment + i);
    StoreFour(v, count, aligned, second_moment + i);
  });
}

}  // namespace
}  // namespace cuda

absl::Status AdamWCuda(const AdamWArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  struct AdamWFactors;
  LM_ASSIGN_OR_RETURN(void* scratch, GetScratch<AdamWFactors>(sizeof(StepFactors), stream));
  auto* const factors = static_cast<StepFactors*>(scratch);
  cudaStream_t handle = Activate(stream);
  const StepOptions options = {args.learning_rate, args.beta1,   args.beta2,
                               args.epsilon,       args.unscale, args.max_norm};
  PrepareStepKernel<<<1, 1, 0, handle>>>(options, Data<float>(args.gradient_norm),
                                         Data<int64_t>(args.steps), factors);
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  const auto describe = [&args](const AdamWTensor& tensor) -> ListedTensor<4> {
    return {.pointers = {Data<float>(tensor.parameter),
                         const_cast<float*>(Data<float>(tensor.gradient)),  // read only
                         Data<float>(tensor.first_moment), Data<float>(tensor.second_moment)},
            .factor = static_cast<float>(1.0 - args.learning_rate * tensor.weight_decay),
            .first_block = 0,
            .count = tensor.parameter.elements()};
  };
  return LaunchLists<4>(args.tensors, describe,
                        [&](const TensorList<4>& list, unsigned blocks, unsigned /*earlier*/) {
                          AdamWKernel<<<blocks, kListThreads, 0, handle>>>(list, factors);
                        });
}

}  // namespace localmamba
