#include "kernels/tensor/tensor.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"

namespace localmamba {

absl::StatusOr<Tensor> Tensor::Allocate(Allocator& allocator, DType dtype, const Shape& shape) {
  // A tensor without elements still gets an address, so that it is not taken for an absent
  // argument.
  const auto bytes = static_cast<size_t>(shape.elements()) * SizeOf(dtype);
  LM_ASSIGN_OR_RETURN(Buffer buffer, allocator.Allocate(bytes == 0 ? 1 : bytes));
  auto owner = std::make_shared<Buffer>(std::move(buffer));
  const TensorView view(owner->data(), dtype, shape, allocator.device());
  return Tensor(view, std::move(owner));
}

absl::Status Copy(const ConstTensorView& source, const TensorView& destination, Stream& stream) {
  if (source.dtype() != destination.dtype() || source.shape() != destination.shape() ||
      !source.IsDense() || !destination.IsDense()) {
    return absl::InvalidArgumentError(absl::StrCat("copy from ", Describe(source), " to ",
                                                   Describe(destination),
                                                   ": wanted dense tensors that agree"));
  }
  const auto reachable = [&stream](Device device) {
    return device.is_cpu() || device == stream.device();
  };
  if (!reachable(source.device()) || !reachable(destination.device())) {
    return absl::InvalidArgumentError(absl::StrCat("copy from ", Describe(source), " to ",
                                                   Describe(destination), " on a stream of ",
                                                   stream.device().ToString()));
  }
  return stream.CopyBytes(source.raw_data(), destination.raw_data(),
                          static_cast<size_t>(source.elements()) * SizeOf(source.dtype()));
}

}  // namespace localmamba
