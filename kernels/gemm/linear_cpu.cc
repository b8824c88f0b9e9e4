// oneDNN's matmul with post-operations. Weights stay in their plain layout: with AVX-512 the layout
// that oneDNN prefers gains 2% at 196 rows or more and 15% at 49, too little to keep a second copy
// of every weight.
#include <compare>
#include <cstring>
#include <map>
#include <unordered_map>

#include "kernels/device/onednn.h"
#include "kernels/device/parallel.h"
#include "kernels/gemm/backends.h"

namespace localmamba {
namespace {

using dnnl::memory;

// How the residual reaches y.
enum class ResidualSource : uint8_t {
  kNone,
  kApart,  // it has memory of its own, laid out as y
  kY,      // y holds it before the product
};

struct LinearKey {
  int64_t M, N, K, x_stride, y_stride;
  bool has_bias;
  Activation activation;
  ResidualSource residual;

  friend auto operator<=>(const LinearKey&, const LinearKey&) = default;
};

struct LinearPrimitive {
  dnnl::matmul matmul;
  std::unordered_map<int, memory> args;  // pointed at the arguments of each call
};

// Making a primitive costs more than running a small one, so they are kept. The limit matters only
// to a stream that meets ever new image sizes.
struct LinearCache {
  static constexpr size_t kMaxPrimitives = 1024;
  std::map<LinearKey, LinearPrimitive> primitives;
};

int64_t RowStride(const ConstTensorView& matrix) {
  return matrix.dim(0) > 1 ? matrix.stride(0) : matrix.dim(1);
}

// oneDNN's name of the operand of the residual's post-operation.
int ResidualArg(const LinearKey& key) {
  const int index = key.activation == Activation::kIdentity ? 0 : 1;
  return DNNL_ARG_ATTR_MULTIPLE_POST_OP(index) | DNNL_ARG_SRC_1;
}

void AppendActivation(Activation activation, dnnl::post_ops& ops) {
  switch (activation) {
    case Activation::kIdentity:
      break;
    case Activation::kSilu:
      ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_swish, 1.0F, 0.0F);
      break;
    case Activation::kGelu:
      ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_gelu_erf, 0.0F, 0.0F);
      break;
    case Activation::kSigmoid:
      ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_logistic, 0.0F, 0.0F);
      break;
  }
}

LinearPrimitive MakePrimitive(const LinearKey& key, const dnnl::engine& engine) {
  const auto matrix = [](int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride) {
    return memory::desc({rows, columns}, memory::data_type::f32,
                        memory::dims{row_stride, column_stride});
  };
  const memory::desc x = matrix(key.M, key.K, key.x_stride, 1);
  const memory::desc weight = matrix(key.K, key.N, 1, key.K);
  const memory::desc bias = matrix(1, key.N, key.N, 1);
  const memory::desc y = matrix(key.M, key.N, key.y_stride, 1);
  dnnl::post_ops ops;
  AppendActivation(key.activation, ops);
  if (key.residual == ResidualSource::kApart) ops.append_binary(dnnl::algorithm::binary_add, y);
  if (key.residual == ResidualSource::kY) ops.append_sum();
  dnnl::primitive_attr attr;
  attr.set_post_ops(ops);
  const dnnl::matmul::desc desc =
      key.has_bias ? dnnl::matmul::desc(x, weight, bias, y) : dnnl::matmul::desc(x, weight, y);
  LinearPrimitive primitive{dnnl::matmul({desc, attr, engine}), {}};
  const auto add_arg = [&](int arg, const memory::desc& layout) {
    primitive.args.emplace(arg, memory(layout, engine, DNNL_MEMORY_NONE));
  };
  add_arg(DNNL_ARG_SRC, x);
  add_arg(DNNL_ARG_WEIGHTS, weight);
  add_arg(DNNL_ARG_DST, y);
  if (key.has_bias) add_arg(DNNL_ARG_BIAS, bias);
  if (key.residual == ResidualSource::kApart) add_arg(ResidualArg(key), y);
  return primitive;
}

void CopyRows(const ConstTensorView& source, const TensorView& destination, const Stream& stream) {
  const auto bytes = static_cast<size_t>(source.dim(1)) * sizeof(float);
  ParallelFor(stream, source.dim(0), GrainRows(source.dim(1)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      std::memcpy(destination.data<float>() + row * destination.stride(0),
                  source.data<float>() + row * source.stride(0), bytes);
    }
  });
}

}  // namespace

absl::Status LinearCpu(const LinearArgs& args, Stream& stream) {
  LinearKey key{.M = args.x.dim(0),
                .N = args.weight.dim(0),
                .K = args.x.dim(1),
                .x_stride = RowStride(args.x),
                .y_stride = RowStride(args.y),
                .has_bias = !args.bias.empty(),
                .activation = args.activation,
                .residual = ResidualSource::kNone};
  if (!args.residual.empty()) {
    const bool same_layout = RowStride(args.residual) == key.y_stride;
    const bool same_memory = args.residual.raw_data() == args.y.raw_data();
    key.residual = same_layout && !same_memory ? ResidualSource::kApart : ResidualSource::kY;
    if (!same_layout) CopyRows(args.residual, args.y, stream);
  }
  return RunOneDnn("linear", stream, [&](OneDnn& onednn) {
    auto& primitives = stream.Local<LinearCache>().primitives;
    auto found = primitives.find(key);
    if (found == primitives.end()) {
      if (primitives.size() == LinearCache::kMaxPrimitives) primitives.clear();
      found = primitives.emplace(key, MakePrimitive(key, onednn.engine)).first;
    }
    LinearPrimitive& primitive = found->second;
    const auto set = [&](int arg, const ConstTensorView& view) {
      // oneDNN takes inputs as pointers to non-const and does not write them.
      primitive.args.at(arg).set_data_handle(const_cast<void*>(view.raw_data()));
    };
    set(DNNL_ARG_SRC, args.x);
    set(DNNL_ARG_WEIGHTS, args.weight);
    set(DNNL_ARG_DST, args.y);
    if (key.has_bias) set(DNNL_ARG_BIAS, args.bias);
    if (key.residual == ResidualSource::kApart) set(ResidualArg(key), args.residual);
    primitive.matmul.execute(onednn.stream, primitive.args);
    onednn.stream.wait();
  });
}

}  // namespace localmamba
