// Rates that the kernels reach on a GPU in the layers of LocalVMamba-T and LocalVim-T at 224x224,
// beside a copy between two buffers, which is what memory gives. Bytes count each tensor once.
//
// One program, so that kernels are compared with each other and with the copy in one run.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/conv/conv2d.h"
#include "kernels/conv/depthwise_conv2d.h"
#include "kernels/conv/space_to_depth.h"
#include "kernels/elementwise/add.h"
#include "kernels/elementwise/insert_token.h"
#include "kernels/elementwise/transpose_tokens.h"
#include "kernels/elementwise/unary.h"
#include "kernels/gemm/linear.h"
#include "kernels/image/normalize_pixels.h"
#include "kernels/norm/add_norm.h"
#include "kernels/norm/layer_norm.h"
#include "kernels/norm/pooled_layer_norm.h"
#include "kernels/reduce/mean_tokens.h"
#include "kernels/reduce/softmax.h"
#include "kernels/reduce/top_k.h"
#include "kernels/scan/merge_directions.h"
#include "tests/gpu/bench_case.h"
#include "tests/gpu/device_bench.h"

namespace localmamba {
namespace {

void CopyBuffers(const Case& c) {
  const Tensor x = c.Data({c.batch, 3136, 384});
  const Tensor y = c.Data({c.batch, 3136, 384});
  c.Run({.bytes = Bytes({x, y})}, [&] { return Copy(x, y, c.device.stream()); });
}

void Normalize(const Case& c) {
  const Tensor x = c.device.Random(DType::kUInt8, {c.batch, 224, 224, 3});
  const Tensor y = c.Data({c.batch, 3, 224, 224});
  c.Run({.bytes = Bytes({x, y})}, [&] { return NormalizePixels(x, {}, y, c.device.stream()); });
}

void PatchEmbed(const Case& c, int64_t patch, int64_t width) {
  const int64_t side = 224 / patch;
  const Tensor x = c.Data({c.batch, 3, 224, 224});
  const Tensor weight = c.Data({width, 3, patch, patch});
  const Tensor bias = c.Float32({width});
  const Tensor y = c.Data({c.batch, side, side, width});
  c.Run({.bytes = Bytes({x, y})}, [&] {
    return Conv2d({.x = x, .weight = weight, .bias = bias, .stride = patch, .y = y},
                  c.device.stream());
  });
}

void Norm(const Case& c, int64_t tokens, int64_t width, bool gate) {
  const int64_t rows = c.batch * tokens;
  const Tensor x = c.Data({rows, width});
  const Tensor weight = c.Float32({width});
  const Tensor bias = c.Float32({width});
  // The gate is one half of a wider tensor, as the input projection leaves it.
  const Tensor z = gate ? c.Data({rows, 2 * width}).Slice(1, width, 2 * width) : Tensor();
  const Tensor y = c.Data({rows, width});
  c.Run({.bytes = Bytes({x, y, z})}, [&] {
    return LayerNorm({.x = x, .weight = weight, .bias = bias, .z = z, .y = y}, c.device.stream());
  });
}

void ResidualNorm(const Case& c, int64_t width) {
  const Shape shape = {c.batch, 196, width};
  const Tensor hidden = c.Data(shape);
  const Tensor residual = c.Float32(shape);
  const Tensor cosine = c.Float32({196, width});
  const Tensor sine = c.Float32({196, width});
  const Tensor weight = c.Float32({width});
  const Tensor y = c.Data(shape);
  c.Run({.bytes = Bytes({hidden, residual, residual, y})}, [&] {
    return AddNorm({.hidden = hidden,
                    .residual = residual,
                    .rope_cos = cosine,
                    .rope_sin = sine,
                    .weight = weight,
                    .residual_out = residual,
                    .y = y},
                   c.device.stream());
  });
}

void PooledNorm(const Case& c, int64_t tokens, int64_t width) {
  const Tensor x = c.Data({4 * c.batch, tokens, width});
  const Tensor weight = c.Float32({width});
  const Tensor bias = c.Float32({width});
  const Tensor y = c.Float32({4 * c.batch, width});
  c.Run({.bytes = Bytes({x, y})}, [&] {
    return PooledLayerNorm({.x = x, .weight = weight, .bias = bias, .y = y}, c.device.stream());
  });
}

void Depthwise(const Case& c, int64_t side, int64_t width) {
  const Tensor pair = c.Data({c.batch, side, side, 2 * width});
  const Tensor x = pair.Slice(3, 0, width);
  const Tensor weight = c.Float32({width, 3, 3});
  const Tensor bias = c.Float32({width});
  const Tensor y = c.Data({c.batch, side, side, width});
  c.Run({.bytes = Bytes({x, y})}, [&] {
    return DepthwiseConv2d(
        {.x = x, .weight = weight, .bias = bias, .activation = Activation::kSilu, .y = y},
        c.device.stream());
  });
}

void Merge(const Case& c, int64_t tokens, int64_t width) {
  const Tensor o = c.Data({4, c.batch, tokens, width});
  const Tensor channel = c.Float32({4, c.batch, width});
  const Tensor y = c.Data({c.batch, tokens, width});
  c.Run({.bytes = Bytes({o, y})},
        [&] { return MergeDirections({.o = o, .channel = channel, .y = y}, c.device.stream()); });
}

void Product(const Case& c, int64_t tokens, int64_t inputs, int64_t outputs, bool residual) {
  const int64_t rows = c.batch * tokens;
  const Tensor x = c.Data({rows, inputs});
  const Tensor weight = c.Data({outputs, inputs});
  const Tensor y = c.Data({rows, outputs});
  const Work work = {.bytes = Bytes({x, weight, y}) + (residual ? Bytes({y}) : 0.0),
                     .flops = 2.0 * static_cast<double>(rows * inputs * outputs)};
  c.Run(work, [&] {
    return Linear({.x = x, .weight = weight, .residual = residual ? y : Tensor(), .y = y},
                  c.device.stream());
  });
}

void Downsample(const Case& c) {
  const Tensor x = c.Data({c.batch, 56, 56, 96});
  const Tensor y = c.Data({c.batch, 28, 28, 384});
  c.Run({.bytes = Bytes({x, y})}, [&] { return SpaceToDepth(x, y, c.device.stream()); });
}

void Transpose(const Case& c) {
  const Tensor x = c.Data({c.batch, 3136, 96});
  const Tensor y = c.Data({c.batch, 96, 3136});
  c.Run({.bytes = Bytes({x, y})}, [&] { return TransposeTokens(x, y, c.device.stream()); });
}

void ClassToken(const Case& c) {
  const Tensor x = c.Data({c.batch, 196, 192});
  const Tensor token = c.Data({192});
  const Tensor y = c.Data({c.batch, 197, 192});
  c.Run({.bytes = Bytes({x, y})}, [&] { return InsertToken(x, token, 98, y, c.device.stream()); });
}

void AddPositions(const Case& c) {
  const Tensor x = c.Data({c.batch * 196, 192});
  const Tensor positions = c.Data({196, 192});
  c.Run({.bytes = Bytes({x, x})}, [&] { return Add(x, positions, x, c.device.stream()); });
}

void Silu(const Case& c) {
  const Tensor x = c.Data({c.batch, 3136, 192});
  const Tensor y = c.Data({c.batch, 3136, 192});
  c.Run({.bytes = Bytes({x, y})},
        [&] { return Unary(UnaryFunction::kSilu, x, y, c.device.stream()); });
}

void Pool(const Case& c, int64_t tokens, int64_t width) {
  const Tensor x = c.Data({c.batch, tokens, width});
  const Tensor y = c.Data({c.batch, width});
  c.Run({.bytes = Bytes({x, y})}, [&] { return MeanTokens(x, y, c.device.stream()); });
}

void Probabilities(const Case& c) {
  const Tensor x = c.Float32({c.batch, 1000});
  const Tensor y = c.Float32({c.batch, 1000});
  c.Run({.bytes = Bytes({x, y})}, [&] { return Softmax(x, y, c.device.stream()); });
}

void BestFive(const Case& c) {
  const Tensor x = c.Float32({c.batch, 1000});
  const Tensor values = c.Float32({c.batch, 5});
  const std::vector<int32_t> none(static_cast<size_t>(c.batch * 5));
  const Tensor indices = c.device.Upload({none.data(), DType::kInt32, {c.batch, 5}});
  c.Run({.bytes = Bytes({x})}, [&] { return TopK(x, values, indices, c.device.stream()); });
}

void Register(Device device, const std::string& name, std::initializer_list<int64_t> batches,
              BenchmarkBody run) {
  for (const DType dtype : {DType::kFloat16, DType::kFloat32}) {
    for (const int64_t batch : batches) {
      benchmark::RegisterBenchmark(
          absl::StrCat(name, "/", ToString(dtype), "/batch:", batch).c_str(),
          [device, batch, dtype, run](benchmark::State& state) {
            BenchDevice bench_device(device);
            run({batch, dtype, state, bench_device});
          })
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

void RegisterAll(Device device) {
  const auto add = [device](const std::string& name, BenchmarkBody run) {
    Register(device, name, {128, 1}, std::move(run));
  };
  const auto add_training = [device](const std::string& name, BenchmarkBody run) {
    Register(device, name, {64}, std::move(run));
  };
  const auto add_detection = [device](const std::string& name, BenchmarkBody run) {
    Register(device, name, {4, 1}, std::move(run));
  };
  add("copy", CopyBuffers);
  add("normalize_pixels", Normalize);
  add("conv2d/patch4", [](const Case& c) { PatchEmbed(c, 4, 96); });
  add("conv2d/patch16", [](const Case& c) { PatchEmbed(c, 16, 192); });
  for (int stage = 0; stage < 4; ++stage) {
    const int64_t side = 56 >> stage;
    const int64_t tokens = side * side;
    const int64_t width = int64_t{96} << stage;
    const auto name = [&](const char* kernel) { return absl::StrCat(kernel, "/stage", stage); };
    add(name("layer_norm"), [=](const Case& c) { Norm(c, tokens, width, false); });
    add(name("linear_in"), [=](const Case& c) { Product(c, tokens, width, 4 * width, false); });
    add(name("depthwise_conv2d"), [=](const Case& c) { Depthwise(c, side, 2 * width); });
    add(name("linear_x"), [=](const Case& c) {
      Product(c, tokens, 2 * width, 4 * ((width / 16 + 7) / 8 * 8 + 32), false);
    });
    add(name("pooled_layer_norm"), [=](const Case& c) { PooledNorm(c, tokens, 2 * width); });
    add(name("merge_directions"), [=](const Case& c) { Merge(c, tokens, 2 * width); });
    add(name("gated_layer_norm"), [=](const Case& c) { Norm(c, tokens, 2 * width, true); });
    add(name("linear_out"), [=](const Case& c) { Product(c, tokens, 2 * width, width, true); });
  }
  add("space_to_depth", Downsample);
  add("add_norm/vim", [](const Case& c) { ResidualNorm(c, 192); });
  add("linear_in/vim", [](const Case& c) { Product(c, 196, 192, 768, false); });
  add("linear_out/vim", [](const Case& c) { Product(c, 196, 384, 192, false); });
  add("linear/large", [](const Case& c) { Product(c, 64, 8192, 8192, false); });
  add("transpose_tokens", Transpose);
  add("insert_token", ClassToken);
  add("add", AddPositions);
  add("unary/silu", Silu);
  add("mean_tokens/stage3", [](const Case& c) { Pool(c, 49, 768); });
  add("mean_tokens/vim", [](const Case& c) { Pool(c, 196, 192); });
  add("softmax", Probabilities);
  add("top_k", BestFive);
  AddMapBenchmarks([device](const std::string& name, BenchmarkBody run) {
    Register(device, name, {8, 1}, std::move(run));
  });
  AddScanBenchmarks(add, add_training);
  AddDetectionBenchmarks(add_detection);
  AddDenseBackwardBenchmarks(add_training);
  AddNormBackwardBenchmarks(add_training);
}

}  // namespace
}  // namespace localmamba

int main(int argc, char** argv) {
  const absl::StatusOr<localmamba::Device> device = localmamba::Device::Parse("cuda");
  if (!device.ok()) {
    std::fprintf(stderr, "%s\n", device.status().ToString().c_str());
    return 1;
  }
  localmamba::RegisterAll(*device);
  benchmark::Initialize(&argc, argv);
  localmamba::TableReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return reporter.ok() ? 0 : 1;
}
