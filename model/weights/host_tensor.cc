#include "model/weights/host_tensor.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/tensor/half.h"

namespace localmamba {
namespace {

template <class From, class To, class Convert>
void ConvertAll(const Tensor& from, const Tensor& to, Convert convert) {
  const auto* source = static_cast<const From*>(from.view().raw_data());
  auto* destination = static_cast<To*>(to.view().raw_data());
  std::transform(source, source + from.elements(), destination, convert);
}

}  // namespace

absl::StatusOr<Tensor> AllocateHostTensor(DType dtype, const Shape& shape) {
  const size_t bytes = static_cast<size_t>(shape.elements()) * SizeOf(dtype);
  const size_t blocks = std::max<size_t>(1, (bytes + kBufferAlignment - 1) / kBufferAlignment);
  const std::shared_ptr<void> owner(std::aligned_alloc(kBufferAlignment, blocks * kBufferAlignment),
                                    std::free);
  if (owner == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat("out of memory: ", bytes, " bytes wanted"));
  }
  return Tensor::Share(TensorView(owner.get(), dtype, shape), owner);
}

absl::StatusOr<Tensor> ToFloat32(const Tensor& tensor) {
  if (tensor.dtype() == DType::kFloat32) return tensor;
  LM_ASSIGN_OR_RETURN(Tensor result, AllocateHostTensor(DType::kFloat32, tensor.shape()));
  switch (tensor.dtype()) {
    case DType::kFloat16:
      ConvertAll<uint16_t, float>(tensor, result, FloatFromFloat16);
      return result;
    case DType::kBFloat16:
      ConvertAll<uint16_t, float>(tensor, result, FloatFromBFloat16);
      return result;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("is ", ToString(tensor.dtype()), ", wanted f32, f16 or bf16"));
  }
}

absl::StatusOr<Tensor> FromFloat32(const Tensor& tensor, DType dtype) {
  LM_ASSIGN_OR_RETURN(Tensor result, AllocateHostTensor(dtype, tensor.shape()));
  switch (dtype) {
    case DType::kFloat32:
      ConvertAll<float, float>(tensor, result, [](float value) { return value; });
      return result;
    case DType::kFloat16:
      ConvertAll<float, uint16_t>(tensor, result, Float16FromFloat);
      return result;
    case DType::kBFloat16:
      ConvertAll<float, uint16_t>(tensor, result, BFloat16FromFloat);
      return result;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("weights as ", ToString(dtype), ": wanted f32, f16 or bf16"));
  }
}

}  // namespace localmamba
