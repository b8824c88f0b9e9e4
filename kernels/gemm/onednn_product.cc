#include "kernels/gemm/onednn_product.h"

#include <map>
#include <unordered_map>

#include "kernels/device/onednn.h"
#include "kernels/gemm/onednn_activation.h"

namespace localmamba {
namespace {

using dnnl::memory;

struct Product {
  dnnl::matmul matmul;
  std::unordered_map<int, memory> args;  // pointed at the operands of each call
};

// Making a primitive costs more than running a small one, so they are kept. The limit matters only
// to a stream that meets ever new image sizes.
struct ProductCache {
  static constexpr size_t kMaxProducts = 1024;
  std::map<ProductLayout, Product> products;
};

// oneDNN's name of the operand of the residual's post-operation.
int ResidualArg(const ProductLayout& layout) {
  const int index = layout.activation == Activation::kIdentity ? 0 : 1;
  return DNNL_ARG_ATTR_MULTIPLE_POST_OP(index) | DNNL_ARG_SRC_1;
}

Product MakeProduct(const ProductLayout& layout, const dnnl::engine& engine) {
  const auto matrix = [](int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride) {
    return memory::desc({rows, columns}, memory::data_type::f32,
                        memory::dims{row_stride, column_stride});
  };
  const memory::desc a = matrix(layout.M, layout.K, layout.a_strides[0], layout.a_strides[1]);
  const memory::desc b = matrix(layout.K, layout.N, layout.b_strides[0], layout.b_strides[1]);
  const memory::desc bias = matrix(1, layout.N, layout.N, 1);
  const memory::desc y = matrix(layout.M, layout.N, layout.y_stride, 1);
  dnnl::post_ops ops;
  AppendActivation(layout.activation, ops);
  if (layout.residual == ResidualSource::kApart) ops.append_binary(dnnl::algorithm::binary_add, y);
  if (layout.residual == ResidualSource::kY) ops.append_sum();
  dnnl::primitive_attr attr;
  attr.set_post_ops(ops);
  const dnnl::matmul::desc desc =
      layout.has_bias ? dnnl::matmul::desc(a, b, bias, y) : dnnl::matmul::desc(a, b, y);
  Product product{dnnl::matmul({desc, attr, engine}), {}};
  const auto add_arg = [&](int arg, const memory::desc& operand) {
    product.args.emplace(arg, memory(operand, engine, DNNL_MEMORY_NONE));
  };
  add_arg(DNNL_ARG_SRC, a);
  add_arg(DNNL_ARG_WEIGHTS, b);
  add_arg(DNNL_ARG_DST, y);
  if (layout.has_bias) add_arg(DNNL_ARG_BIAS, bias);
  if (layout.residual == ResidualSource::kApart) add_arg(ResidualArg(layout), y);
  return product;
}

}  // namespace

absl::Status RunProduct(absl::string_view operation, const ProductLayout& layout,
                        const ProductOperands& operands, Stream& stream) {
  return RunOneDnn(operation, stream, [&](OneDnn& onednn) {
    auto& products = stream.Local<ProductCache>().products;
    auto found = products.find(layout);
    if (found == products.end()) {
      if (products.size() == ProductCache::kMaxProducts) products.clear();
      found = products.emplace(layout, MakeProduct(layout, onednn.engine)).first;
    }
    Product& product = found->second;
    const auto set = [&](int arg, const void* data) {
      // oneDNN takes inputs as pointers to non-const and does not write them.
      product.args.at(arg).set_data_handle(const_cast<void*>(data));
    };
    set(DNNL_ARG_SRC, operands.a);
    set(DNNL_ARG_WEIGHTS, operands.b);
    set(DNNL_ARG_DST, operands.y);
    if (layout.has_bias) set(DNNL_ARG_BIAS, operands.bias);
    if (layout.residual == ResidualSource::kApart) set(ResidualArg(layout), operands.residual);
    product.matmul.execute(onednn.stream, product.args);
    onednn.stream.wait();
  });
}

}  // namespace localmamba
