#include "model/training/tensor_block.h"

#include <utility>

#include "kernels/base/status_macros.h"
#include "model/weights/host_tensor.h"

namespace localmamba {
namespace {

// Elements from one part to the next.
int64_t Extent(const Shape& shape) {
  constexpr auto kAlignment = static_cast<int64_t>(kBufferAlignment / sizeof(float));
  return (shape.elements() + kAlignment - 1) / kAlignment * kAlignment;
}

Shape ShapeOfAll(absl::Span<const Shape> shapes) {
  int64_t elements = 0;
  for (const Shape& shape : shapes) elements += Extent(shape);
  return {elements};
}

TensorBlock Divide(Tensor all, absl::Span<const Shape> shapes) {
  TensorBlock block{.all = std::move(all), .parts = {}};
  int64_t start = 0;
  for (const Shape& shape : shapes) {
    block.parts.push_back(block.all.Slice(0, start, start + shape.elements()).Reshape(shape));
    start += Extent(shape);
  }
  return block;
}

}  // namespace

absl::StatusOr<TensorBlock> TensorBlock::Allocate(Allocator& allocator,
                                                  absl::Span<const Shape> shapes) {
  LM_ASSIGN_OR_RETURN(Tensor all, Tensor::Allocate(allocator, DType::kFloat32, ShapeOfAll(shapes)));
  return Divide(std::move(all), shapes);
}

absl::StatusOr<TensorBlock> TensorBlock::AllocateOnHost(absl::Span<const Shape> shapes) {
  LM_ASSIGN_OR_RETURN(Tensor all, AllocateHostTensor(DType::kFloat32, ShapeOfAll(shapes)));
  return Divide(std::move(all), shapes);
}

}  // namespace localmamba
