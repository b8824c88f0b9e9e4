// Gradients of the norms and of the merge, in the layers of kernel_bench.cc.
#include "absl/strings/str_cat.h"
#include "kernels/norm/add_norm_backward.h"
#include "kernels/norm/layer_norm_backward.h"
#include "kernels/norm/pooled_layer_norm_backward.h"
#include "kernels/scan/merge_directions_backward.h"
#include "tests/gpu/bench_case.h"

namespace localmamba {
namespace {

void NormBackward(const Case& c, int64_t tokens, int64_t width, bool gate) {
  const Shape shape = {c.batch * tokens, width};
  // The gate and its gradient are halves of wider tensors.
  const auto half = [&] {
    return gate ? c.Data({shape[0], 2 * width}).Slice(1, width, 2 * width) : Tensor();
  };
  const Tensor x = c.Data(shape);
  const Tensor weight = c.Float32({width});
  const Tensor bias = c.Float32({width});
  const Tensor z = half();
  const Tensor dy = c.Data(shape);
  const Tensor dx = c.Data(shape);
  const Tensor dz = half();
  const Tensor dweight = c.Float32({width});
  const Tensor dbias = c.Float32({width});
  c.Run({.bytes = Bytes({x, z, dy, dx, dz})}, [&] {
    return LayerNormBackward({.x = x,
                              .weight = weight,
                              .bias = bias,
                              .z = z,
                              .dy = dy,
                              .dx = dx,
                              .dz = dz,
                              .dweight = dweight,
                              .dbias = dbias},
                             c.device.stream());
  });
}

void PooledNormBackward(const Case& c, int64_t tokens, int64_t width) {
  const Tensor x = c.Data({4 * c.batch, tokens, width});
  const Tensor weight = c.Float32({width});
  const Tensor dy = c.Float32({4 * c.batch, width});
  const Tensor dx = c.Data({4 * c.batch, tokens, width});
  const Tensor dweight = c.Float32({width});
  const Tensor dbias = c.Float32({width});
  c.Run({.bytes = Bytes({x, dx})}, [&] {
    return PooledLayerNormBackward(
        {.x = x, .weight = weight, .dy = dy, .dx = dx, .dweight = dweight, .dbias = dbias},
        c.device.stream());
  });
}

void ResidualNormBackward(const Case& c, int64_t width) {
  const Shape shape = {c.batch, 196, width};
  const Tensor residual_out = c.Float32(shape);
  const Tensor cosine = c.Float32({196, width});
  const Tensor sine = c.Float32({196, width});
  const Tensor weight = c.Float32({width});
  const Tensor dy = c.Data(shape);
  const Tensor dresidual_out = c.Float32(shape);
  const Tensor dhidden = c.Data(shape);
  const Tensor dresidual = c.Float32(shape);
  const Tensor dweight = c.Float32({width});
  c.Run({.bytes = Bytes({residual_out, dy, dresidual_out, dhidden, dresidual})}, [&] {
    return AddNormBackward({.residual_out = residual_out,
                            .rope_cos = cosine,
                            .rope_sin = sine,
                            .weight = weight,
                            .dy = dy,
                            .dresidual_out = dresidual_out,
                            .dhidden = dhidden,
                            .dresidual = dresidual,
                            .dweight = dweight},
                           c.device.stream());
  });
}

// Of the search network with `supernet`: eight directions and their weights.
void MergeBackward(const Case& c, int64_t tokens, int64_t width, bool supernet) {
  const int64_t K = supernet ? 8 : 4;
  const Tensor o = c.Data({K, c.batch, tokens, width});
  const Tensor channel = c.Float32({K, c.batch, width});
  const Tensor w = supernet ? c.Float32({K}) : Tensor();
  const Tensor dy = c.Data({c.batch, tokens, width});
  const Tensor d_o = c.Data({K, c.batch, tokens, width});
  const Tensor dchannel = c.Float32({K, c.batch, width});
  const Tensor dw = supernet ? c.Float32({K}) : Tensor();
  c.Run({.bytes = Bytes({o, dy, d_o})}, [&] {
    return MergeDirectionsBackward(
        {.o = o, .channel = channel, .w = w, .dy = dy, .d_o = d_o, .dchannel = dchannel, .dw = dw},
        c.device.stream());
  });
}

}  // namespace

void AddNormBackwardBenchmarks(AddBenchmark add) {
  for (int stage = 0; stage < 4; ++stage) {
    const int64_t tokens = int64_t{3136} >> (2 * stage);
    const int64_t width = int64_t{96} << stage;
    const auto name = [&](const char* kernel) { return absl::StrCat(kernel, "/stage", stage); };
    add(name("layer_norm_backward"), [=](const Case& c) { NormBackward(c, tokens, width, false); });
    add(name("gated_layer_norm_backward"),
        [=](const Case& c) { NormBackward(c, tokens, 2 * width, true); });
    add(name("pooled_layer_norm_backward"),
        [=](const Case& c) { PooledNormBackward(c, tokens, 2 * width); });
    add(name("merge_directions_backward"),
        [=](const Case& c) { MergeBackward(c, tokens, 2 * width, false); });
  }
  add("merge_directions_backward/supernet",
      [](const Case& c) { MergeBackward(c, 196, 256, true); });
  add("add_norm_backward/vim", [](const Case& c) { ResidualNormBackward(c, 192); });
}

}  // namespace localmamba
