// oneDNN's convolution on channels-last maps, its primitives kept per stream. oneDNN wants weights
// in a layout of its own; they are brought into it at each call, which saves a second copy of every
// weight. That takes a fifth of the time of a convolution of 16 x 16 cells, 3% of one of 32 x 32
// and nothing worth naming beyond.
#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "kernels/conv/backends.h"
#include "kernels/device/onednn.h"
#include "kernels/gemm/onednn_activation.h"

namespace localmamba {
namespace {

using dnnl::memory;

// What a primitive depends on.
using Key = std::vector<int64_t>;

Key KeyOf(const MapConv2dArgs& args) {
  Key key;
  for (int i = 0; i < 4; ++i) key.push_back(args.x.dim(i));
  for (int i = 0; i < 3; ++i) key.push_back(args.weight.dim(i));
  key.insert(key.end(), {args.window.stride, args.window.pad, args.window.dilation,
                         static_cast<int64_t>(args.activation), args.bias.empty() ? 0 : 1});
  return key;
}

struct Convolution {
  dnnl::convolution_forward convolution;
  std::unordered_map<int, memory> args;  // pointed at the operands of each call
  memory weight;                         // as it comes
  std::optional<dnnl::reorder> reorder;  // to what the convolution wants, if that differs
};

// Making a primitive costs more than running a small one. The limit matters only to a stream that
// meets ever new image sizes.
struct ConvolutionCache {
  static constexpr size_t kMaxConvolutions = 512;
  std::map<Key, Convolution> convolutions;
  std::vector<float> weight;  // of the convolution that runs, as it wants it
};

Convolution Make(const MapConv2dArgs& args, const dnnl::engine& engine) {
  const auto f32 = memory::data_type::f32;
  const auto map = [&](const ConstTensorView& view) {
    return memory::desc({view.dim(0), view.dim(3), view.dim(1), view.dim(2)}, f32,
                        memory::format_tag::nhwc);
  };
  const memory::dims kernel = {args.weight.dim(0), args.weight.dim(3), args.weight.dim(1),
                               args.weight.dim(2)};
  const memory::desc x = map(args.x);
  const memory::desc y = map(args.y);
  const memory::desc plain_weight(kernel, f32, memory::format_tag::ohwi);
  const memory::desc any_weight(kernel, f32, memory::format_tag::any);
  const memory::desc bias = args.bias.empty()
                                ? memory::desc()
                                : memory::desc({args.bias.dim(0)}, f32, memory::format_tag::x);
  const auto& [stride, pad, dilation] = args.window;
  const dnnl::convolution_forward::desc desc(
      dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, x, any_weight, bias,
      y, {stride, stride}, {dilation - 1, dilation - 1}, {pad, pad}, {pad, pad});
  dnnl::post_ops ops;
  AppendActivation(args.activation, ops);
  dnnl::primitive_attr attr;
  attr.set_post_ops(ops);
  const dnnl::convolution_forward::primitive_desc chosen(desc, attr, engine);

  Convolution result{dnnl::convolution_forward(chosen), {}, {}, {}};
  const auto add_arg = [&](int arg, const memory::desc& operand) {
    result.args.emplace(arg, memory(operand, engine, DNNL_MEMORY_NONE));
  };
  add_arg(DNNL_ARG_SRC, x);
  add_arg(DNNL_ARG_WEIGHTS, chosen.weights_desc());
  add_arg(DNNL_ARG_DST, y);
  if (!args.bias.empty()) add_arg(DNNL_ARG_BIAS, bias);
  result.weight = memory(plain_weight, engine, DNNL_MEMORY_NONE);
  if (chosen.weights_desc() != plain_weight) {
    result.reorder.emplace(result.weight, result.args.at(DNNL_ARG_WEIGHTS));
  }
  return result;
}

}  // namespace

absl::Status MapConv2dCpu(const MapConv2dArgs& args, Stream& stream) {
  return RunOneDnn("map_conv2d", stream, [&](OneDnn& onednn) {
    auto& cache = stream.Local<ConvolutionCache>();
    const Key key = KeyOf(args);
    auto found = cache.convolutions.find(key);
    if (found == cache.convolutions.end()) {
      if (cache.convolutions.size() == ConvolutionCache::kMaxConvolutions) {
        cache.convolutions.clear();
      }
      found = cache.convolutions.emplace(key, Make(args, onednn.engine)).first;
    }
    Convolution& convolution = found->second;
    // oneDNN takes inputs as pointers to non-const and does not write them.
    const auto data = [](const ConstTensorView& view) {
      return const_cast<void*>(view.raw_data());
    };
    memory& wanted = convolution.args.at(DNNL_ARG_WEIGHTS);
    if (convolution.reorder.has_value()) {
      const size_t floats = wanted.get_desc().get_size() / sizeof(float);
      cache.weight.resize(std::max(cache.weight.size(), floats));
      convolution.weight.set_data_handle(data(args.weight));
      wanted.set_data_handle(cache.weight.data());
      convolution.reorder->execute(onednn.stream, convolution.weight, wanted);
    } else {
      wanted.set_data_handle(data(args.weight));
    }
    convolution.args.at(DNNL_ARG_SRC).set_data_handle(data(args.x));
    convolution.args.at(DNNL_ARG_DST).set_data_handle(args.y.raw_data());
    if (!args.bias.empty()) convolution.args.at(DNNL_ARG_BIAS).set_data_handle(data(args.bias));
    convolution.convolution.execute(onednn.stream, convolution.args);
    onednn.stream.wait();
  });
}

}  // namespace localmamba
