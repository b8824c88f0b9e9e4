// Tensors in host memory of their own, and sets of them by name: what weight files are read into.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_HOST_TENSOR_H_
#define LOCALMAMBA_MODEL_WEIGHTS_HOST_TENSOR_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "kernels/tensor/tensor.h"

namespace localmamba {

using NamedTensors = std::map<std::string, Tensor>;

// Dense, uninitialised, aligned to kBufferAlignment. Needs no allocator that outlives it, unlike
// Tensor::Allocate. Errors: RESOURCE_EXHAUSTED naming the bytes wanted.
absl::StatusOr<Tensor> AllocateHostTensor(DType dtype, const Shape& shape);

// The floating-point tensor as float32: itself if it is float32, else a copy.
// Errors: INVALID_ARGUMENT if it is neither f32, f16 nor bf16; RESOURCE_EXHAUSTED.
absl::StatusOr<Tensor> ToFloat32(const Tensor& tensor);

// A copy of a float32 tensor as f32, f16 or bf16, rounded to nearest, ties to even.
// Errors: INVALID_ARGUMENT for another dtype; RESOURCE_EXHAUSTED.
absl::StatusOr<Tensor> FromFloat32(const Tensor& tensor, DType dtype);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_HOST_TENSOR_H_
