// Gradients of the dense operations and the optimiser's kernels, in the layers of kernel_bench.cc.
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/conv/conv2d_backward.h"
#include "kernels/conv/depthwise_conv2d_backward.h"
#include "kernels/conv/space_to_depth_backward.h"
#include "kernels/elementwise/accumulate.h"
#include "kernels/elementwise/unary_backward.h"
#include "kernels/gemm/linear_backward.h"
#include "kernels/optim/adamw.h"
#include "kernels/optim/ema.h"
#include "kernels/optim/gradient_norm.h"
#include "kernels/reduce/cross_entropy.h"
#include "kernels/reduce/sum_rows.h"
#include "tests/gpu/bench_case.h"

namespace localmamba {
namespace {

// Without a bias, as the projections of the networks.
void ProductBackward(const Case& c, int64_t tokens, int64_t inputs, int64_t outputs) {
  const int64_t rows = c.batch * tokens;
  const Tensor x = c.Data({rows, inputs});
  const Tensor weight = c.Data({outputs, inputs});
  const Tensor dy = c.Data({rows, outputs});
  const Tensor dx = c.Data({rows, inputs});
  const Tensor dweight = c.Float32({outputs, inputs});
  const Work work = {.bytes = Bytes({x, dy, dx, weight, dweight}),
                     .flops = 4.0 * static_cast<double>(rows * inputs * outputs)};
  c.Run(work, [&] {
    return LinearBackward({.x = x, .weight = weight, .dy = dy, .dx = dx, .dweight = dweight},
                          c.device.stream());
  });
}

void BiasBackward(const Case& c, int64_t tokens, int64_t width) {
  const Tensor dy = c.Data({c.batch * tokens, width});
  const Tensor dbias = c.Float32({1, width});
  c.Run({.bytes = Bytes({dy})}, [&] { return SumRows(dy, dbias, c.device.stream()); });
}

void PositionsBackward(const Case& c) {
  const Tensor dy = c.Data({c.batch * 196, 192});
  const Tensor dpositions = c.Float32({196, 192});
  c.Run({.bytes = Bytes({dy})}, [&] { return SumRows(dy, dpositions, c.device.stream()); });
}

void PatchEmbedBackward(const Case& c, int64_t patch, int64_t width) {
  const int64_t side = 224 / patch;
  const Tensor x = c.Data({c.batch, 3, 224, 224});
  const Tensor weight = c.Data({width, 3, patch, patch});
  const Tensor dy = c.Data({c.batch, side, side, width});
  const Tensor dweight = c.Float32({width, 3, patch, patch});
  const Tensor dbias = c.Float32({width});
  c.Run({.bytes = Bytes({x, dy})}, [&] {
    return Conv2dBackward(
        {.x = x, .weight = weight, .stride = patch, .dy = dy, .dweight = dweight, .dbias = dbias},
        c.device.stream());
  });
}

void DepthwiseBackward(const Case& c, int64_t side, int64_t width) {
  const Tensor pair = c.Data({c.batch, side, side, 2 * width});
  const Tensor x = pair.Slice(3, 0, width);
  const Tensor weight = c.Float32({width, 3, 3});
  const Tensor bias = c.Float32({width});
  const Tensor dy = c.Data({c.batch, side, side, width});
  const Tensor dx = c.Data({c.batch, side, side, width});
  const Tensor dweight = c.Float32({width, 3, 3});
  const Tensor dbias = c.Float32({width});
  c.Run({.bytes = Bytes({x, dy, dx})}, [&] {
    return DepthwiseConv2dBackward({.x = x,
                                    .weight = weight,
                                    .bias = bias,
                                    .activation = Activation::kSilu,
                                    .dy = dy,
                                    .dx = dx,
                                    .dweight = dweight,
                                    .dbias = dbias},
                                   c.device.stream());
  });
}

void DownsampleBackward(const Case& c) {
  const Tensor dy = c.Data({c.batch, 28, 28, 384});
  const Tensor dx = c.Data({c.batch, 56, 56, 96});
  c.Run({.bytes = Bytes({dy, dx})},
        [&] { return SpaceToDepthBackward(dy, dx, c.device.stream()); });
}

void SiluBackward(const Case& c) {
  const Tensor x = c.Data({c.batch, 3136, 192});
  const Tensor dy = c.Data({c.batch, 3136, 192});
  c.Run({.bytes = Bytes({x, dy, dy})},
        [&] { return UnaryBackward(UnaryFunction::kSilu, x, dy, dy, c.device.stream()); });
}

// Into one half of a wider gradient.
void AddToSlice(const Case& c) {
  const Tensor x = c.Data({c.batch * 3136, 192});
  const Tensor y = c.Data({c.batch * 3136, 384}).Slice(1, 192, 384);
  c.Run({.bytes = Bytes({x, y, y})}, [&] { return Accumulate(x, y, c.device.stream()); });
}

void LossAndGradient(const Case& c) {
  const Tensor logits = c.Data({c.batch, 1000});
  const Tensor targets = c.Float32({c.batch, 1000});
  const Tensor loss = c.Float32(Shape());
  const Tensor dlogits = c.Data({c.batch, 1000});
  c.Run({.bytes = Bytes({logits, targets, dlogits})}, [&]() -> absl::Status {
    const absl::Status status =
        CrossEntropy({.logits = logits, .targets = targets, .loss = loss}, c.device.stream());
    if (!status.ok()) return status;
    return CrossEntropyBackward({.logits = logits, .targets = targets, .dlogits = dlogits},
                                c.device.stream());
  });
}

// As many tensors as local_vssm_tiny has, of about its size: 300 with 26 million elements.
std::vector<Tensor> Parameters(const Case& c) {
  std::vector<Tensor> tensors;
  for (int64_t i = 0; i < 150; ++i) {
    tensors.push_back(c.Float32({192 << i % 3}));
    tensors.push_back(c.Float32({448, 192 << i % 3}));
  }
  return tensors;
}

double TotalBytes(const std::vector<Tensor>& tensors) {
  double bytes = 0.0;
  for (const Tensor& tensor : tensors) bytes += Bytes({tensor});
  return bytes;
}

void OptimizerStep(const Case& c) {
  const std::vector<Tensor> parameters = Parameters(c);
  const std::vector<Tensor> gradients = Parameters(c);
  const std::vector<Tensor> first_moments = Parameters(c);
  const std::vector<Tensor> second_moments = Parameters(c);
  std::vector<AdamWTensor> tensors;
  for (size_t i = 0; i < parameters.size(); ++i) {
    tensors.push_back({.parameter = parameters[i],
                       .gradient = gradients[i],
                       .first_moment = first_moments[i],
                       .second_moment = second_moments[i],
                       .weight_decay = 0.04});
  }
  const int64_t none = 0;
  const Tensor steps = c.device.Upload({&none, DType::kInt64, Shape()});
  c.Run({.bytes = 7.0 * TotalBytes(parameters)},
        [&] { return AdamW({.tensors = tensors, .steps = steps}, c.device.stream()); });
}

void NormOfGradients(const Case& c) {
  const std::vector<Tensor> gradients = Parameters(c);
  const std::vector<ConstTensorView> views(gradients.begin(), gradients.end());
  const Tensor norm = c.Float32(Shape());
  c.Run({.bytes = TotalBytes(gradients)},
        [&] { return GradientNorm(views, norm, c.device.stream()); });
}

void Average(const Case& c) {
  const std::vector<Tensor> values = Parameters(c);
  const std::vector<Tensor> averages = Parameters(c);
  std::vector<EmaTensor> tensors;
  for (size_t i = 0; i < values.size(); ++i) tensors.push_back({values[i], averages[i]});
  c.Run({.bytes = 3.0 * TotalBytes(values)},
        [&] { return UpdateEma(tensors, 0.9999, c.device.stream()); });
}

}  // namespace

void AddDenseBackwardBenchmarks(AddBenchmark add) {
  add("conv2d_backward/patch4", [](const Case& c) { PatchEmbedBackward(c, 4, 96); });
  add("conv2d_backward/patch16", [](const Case& c) { PatchEmbedBackward(c, 16, 192); });
  for (int stage = 0; stage < 4; ++stage) {
    const int64_t side = 56 >> stage;
    const int64_t tokens = side * side;
    const int64_t width = int64_t{96} << stage;
    const auto name = [&](const char* kernel) { return absl::StrCat(kernel, "/stage", stage); };
    add(name("linear_in_backward"),
        [=](const Case& c) { ProductBackward(c, tokens, width, 4 * width); });
    add(name("linear_out_backward"),
        [=](const Case& c) { ProductBackward(c, tokens, 2 * width, width); });
    add(name("depthwise_conv2d_backward"),
        [=](const Case& c) { DepthwiseBackward(c, side, 2 * width); });
    add(name("sum_rows"), [=](const Case& c) { BiasBackward(c, tokens, width); });
  }
  add("sum_rows/positions", PositionsBackward);
  add("space_to_depth_backward", DownsampleBackward);
  add("unary_backward/silu", SiluBackward);
  add("accumulate/slice", AddToSlice);
  add("cross_entropy", LossAndGradient);
  add("adamw", OptimizerStep);
  add("ema", Average);
  add("gradient_norm", NormOfGradients);
}

}  // namespace localmamba
