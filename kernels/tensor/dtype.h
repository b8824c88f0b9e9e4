// Element types of tensors.
#ifndef LOCALMAMBA_KERNELS_TENSOR_DTYPE_H_
#define LOCALMAMBA_KERNELS_TENSOR_DTYPE_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace localmamba {

enum class DType { kFloat32, kFloat16, kBFloat16, kInt32, kInt64, kUInt8 };

size_t SizeOf(DType dtype);  // bytes per element
bool IsFloat(DType dtype);   // float32, float16 or bfloat16

// "f32", "f16", "bf16", "i32", "i64", "u8": the spelling of flags and messages.
absl::string_view ToString(DType dtype);

// Inverse of ToString. Errors: INVALID_ARGUMENT naming the text and the spellings.
absl::StatusOr<DType> ParseDType(absl::string_view text);

// kDTypeOf<float> == DType::kFloat32, and so on for the types C++ has.
template <class T>
inline constexpr DType kDTypeOf = DType::kFloat32;
template <>
inline constexpr DType kDTypeOf<int32_t> = DType::kInt32;
template <>
inline constexpr DType kDTypeOf<int64_t> = DType::kInt64;
template <>
inline constexpr DType kDTypeOf<uint8_t> = DType::kUInt8;

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_TENSOR_DTYPE_H_
