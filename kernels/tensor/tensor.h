// A tensor that keeps its memory alive.
#ifndef LOCALMAMBA_KERNELS_TENSOR_TENSOR_H_
#define LOCALMAMBA_KERNELS_TENSOR_TENSOR_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// A view plus shared ownership of the memory under it. Copies share the elements, as do the results
// of Slice, Select and Reshape; the memory goes back to its allocator with the last of them. Empty
// by default.
class Tensor {
 public:
  Tensor() = default;

  // Dense and uninitialised. Errors: those of `allocator`.
  static absl::StatusOr<Tensor> Allocate(Allocator& allocator, DType dtype, const Shape& shape);

  // A view of memory that `owner` keeps alive (a mapped file, for example).
  static Tensor Share(const TensorView& view, std::shared_ptr<const void> owner) {
    return {view, std::move(owner)};
  }

  [[nodiscard]] bool empty() const { return view_.empty(); }
  [[nodiscard]] const TensorView& view() const { return view_; }
  operator const TensorView&() const {
    return view_;
  }  // NOLINT(google-explicit-constructor): is a view
  operator ConstTensorView() const {
    return view_;
  }  // NOLINT(google-explicit-constructor): is a view

  [[nodiscard]] DType dtype() const { return view_.dtype(); }
  [[nodiscard]] Device device() const { return view_.device(); }
  [[nodiscard]] const Shape& shape() const { return view_.shape(); }
  [[nodiscard]] int rank() const { return view_.rank(); }
  [[nodiscard]] int64_t dim(int i) const { return view_.dim(i); }
  [[nodiscard]] int64_t elements() const { return view_.elements(); }
  template <class T>
  [[nodiscard]] T* data() const {
    return view_.data<T>();
  }

  [[nodiscard]] Tensor Slice(int i, int64_t begin, int64_t end) const {
    return {view_.Slice(i, begin, end), owner_};
  }
  [[nodiscard]] Tensor Select(int i, int64_t index) const {
    return {view_.Select(i, index), owner_};
  }
  [[nodiscard]] Tensor Reshape(const Shape& shape) const { return {view_.Reshape(shape), owner_}; }

 private:
  Tensor(const TensorView& view, std::shared_ptr<const void> owner)
      : view_(view), owner_(std::move(owner)) {}

  TensorView view_;
  std::shared_ptr<const void> owner_;
};

// Copies elements between dense tensors of the same shape and dtype, on one device or between the
// CPU and the stream's device. Does not wait for the copy. Errors: INVALID_ARGUMENT if shapes,
// dtypes or devices disagree.
absl::Status Copy(const ConstTensorView& source, const TensorView& destination, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_TENSOR_TENSOR_H_
