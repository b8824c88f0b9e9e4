// Non-owning views of tensors: what every operation takes and writes.
#ifndef LOCALMAMBA_KERNELS_TENSOR_TENSOR_VIEW_H_
#define LOCALMAMBA_KERNELS_TENSOR_TENSOR_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "kernels/base/check.h"
#include "kernels/device/device.h"
#include "kernels/tensor/dtype.h"
#include "kernels/tensor/shape.h"

namespace localmamba {

// Elements of one dtype at data + sum_i index[i] * stride(i), strides in elements. An operation's
// contract says which strides it accepts; by default all but the outermost dimensions are dense
// ("rows are contiguous"). A default-constructed view is empty() and stands for an absent optional
// argument.
//
// Void is `void` (TensorView) or `const void` (ConstTensorView); the first converts to the second.
template <class Void>
class BasicTensorView {
 public:
  template <class T>
  using Pointer = std::conditional_t<std::is_const_v<Void>, const T*, T*>;

  BasicTensorView() = default;
  // Dense, row-major.
  BasicTensorView(Void* data, DType dtype, const Shape& shape, Device device = Device::Cpu())
      : data_(data), dtype_(dtype), shape_(shape), strides_(DenseStrides(shape)), device_(device) {}
  template <class Other>
  requires(std::is_const_v<Void> && !std::is_const_v<Other>) BasicTensorView(
      const BasicTensorView<Other>& other)  // NOLINT(google-explicit-constructor): as T* → const T*
      : data_(other.raw_data()),
        dtype_(other.dtype()),
        shape_(other.shape()),
        strides_(other.strides()),
        device_(other.device()) {}

  [[nodiscard]] bool empty() const { return data_ == nullptr; }
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] Device device() const { return device_; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] const Shape& strides() const { return strides_; }
  [[nodiscard]] int rank() const { return shape_.rank(); }
  [[nodiscard]] int64_t dim(int i) const { return shape_[i]; }
  [[nodiscard]] int64_t stride(int i) const { return strides_[i]; }
  [[nodiscard]] int64_t elements() const { return shape_.elements(); }
  [[nodiscard]] Void* raw_data() const { return data_; }

  // The first element. CHECKs that T is the element type. (16-bit floats: use raw_data().)
  template <class T>
  [[nodiscard]] Pointer<T> data() const {
    LM_CHECK(kDTypeOf<std::remove_const_t<T>> == dtype_);
    return static_cast<Pointer<T>>(data_);
  }

  // True if the elements lie one after the other in row-major order.
  [[nodiscard]] bool IsDense() const {
    int64_t expected = 1;
    for (int i = rank() - 1; i >= 0; --i) {
      if (dim(i) != 1 && stride(i) != expected) return false;
      expected *= dim(i);
    }
    return true;
  }

  // [begin, end) of dimension `i`; the other dimensions as they are.
  [[nodiscard]] BasicTensorView Slice(int i, int64_t begin, int64_t end) const {
    LM_CHECK(0 <= begin && begin <= end && end <= dim(i));
    BasicTensorView result = *this;
    result.shape_[i] = end - begin;
    result.data_ = Offset(begin * stride(i));
    return result;
  }

  // The sub-tensor at `index` of dimension `i`, which disappears.
  [[nodiscard]] BasicTensorView Select(int i, int64_t index) const {
    LM_CHECK(0 <= index && index < dim(i));
    BasicTensorView result = *this;
    result.data_ = Offset(index * stride(i));
    Shape shape;
    Shape strides;
    DropDimension(i, shape, strides);
    result.shape_ = shape;
    result.strides_ = strides;
    return result;
  }

  // The same elements in row-major order under another shape. CHECKs that the count agrees and that
  // the view can be expressed: it is dense, or only leading dimensions of one common stride are
  // merged or split (rows of a strided matrix, as (B,L,D) ↔ (B*L,D)).
  [[nodiscard]] BasicTensorView Reshape(const Shape& shape) const;

 private:
  template <class>
  friend class BasicTensorView;

  static Shape DenseStrides(const Shape& shape) {
    Shape strides = shape;
    int64_t stride = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) {
      strides[i] = stride;
      stride *= shape[i];
    }
    return strides;
  }

  Void* Offset(int64_t elements) const {
    using Byte = std::conditional_t<std::is_const_v<Void>, const std::byte, std::byte>;
    return static_cast<Byte*>(data_) + elements * static_cast<int64_t>(SizeOf(dtype_));
  }

  void DropDimension(int i, Shape& shape, Shape& strides) const;

  Void* data_ = nullptr;
  DType dtype_ = DType::kFloat32;
  Shape shape_;
  Shape strides_;
  Device device_;
};

using TensorView = BasicTensorView<void>;
using ConstTensorView = BasicTensorView<const void>;

extern template class BasicTensorView<void>;
extern template class BasicTensorView<const void>;

// "f32[2,3] on cpu", for messages.
std::string Describe(const ConstTensorView& view);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_TENSOR_TENSOR_VIEW_H_
