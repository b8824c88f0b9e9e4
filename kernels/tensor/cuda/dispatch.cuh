// From tensor views to typed kernels.
#ifndef LOCALMAMBA_KERNELS_TENSOR_CUDA_DISPATCH_CUH_
#define LOCALMAMBA_KERNELS_TENSOR_CUDA_DISPATCH_CUH_

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <type_traits>

#include "kernels/base/check.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba::cuda {

// Calls f(T{}) with the element type of `dtype`, one of the floating-point types.
template <class F>
auto DispatchFloat(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kFloat32:
      return f(float{});
    case DType::kFloat16:
      return f(__half{});
    default:
      LM_CHECK(dtype == DType::kBFloat16);
      return f(__nv_bfloat16{});
  }
}

// Calls f(std::true_type) or f(std::false_type).
template <class F>
auto DispatchBool(bool value, F&& f) {
  return value ? f(std::true_type{}) : f(std::false_type{});
}

template <class T>
T* Data(const TensorView& view) {
  return static_cast<T*>(view.raw_data());
}
template <class T>
const T* Data(const ConstTensorView& view) {
  return static_cast<const T*>(view.raw_data());
}

// True if every row (innermost dimension) of the view consists of whole vectors of `width` elements
// at addresses that suit Vector<T, width>. Absent views are.
inline bool IsVectorizable(const ConstTensorView& view, int64_t width) {
  if (view.empty() || view.rank() == 0) return view.empty();
  const auto vector_bytes = static_cast<uintptr_t>(width) * SizeOf(view.dtype());
  const uintptr_t alignment = vector_bytes < 16 ? vector_bytes : 16;
  if (reinterpret_cast<uintptr_t>(view.raw_data()) % alignment != 0) return false;
  const int last = view.rank() - 1;
  if (view.dim(last) % width != 0) return false;
  for (int i = 0; i < last; ++i) {
    if (view.dim(i) > 1 && view.stride(i) % width != 0) return false;
  }
  return true;
}

// The distance of neighbouring rows of a matrix.
inline int64_t RowStride(const ConstTensorView& matrix) {
  return matrix.dim(0) > 1 ? matrix.stride(0) : matrix.dim(1);
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_TENSOR_CUDA_DISPATCH_CUH_
