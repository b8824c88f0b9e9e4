// Many tensors in one block of memory: one allocation, and one copy moves all of them.
#ifndef LOCALMAMBA_MODEL_TRAINING_TENSOR_BLOCK_H_
#define LOCALMAMBA_MODEL_TRAINING_TENSOR_BLOCK_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"

namespace localmamba {

struct TensorBlock {
  Tensor all;                 // float32, one dimension
  std::vector<Tensor> parts;  // dense slices of it, each aligned to kBufferAlignment

  // Uninitialised. Errors: those of `allocator`.
  static absl::StatusOr<TensorBlock> Allocate(Allocator& allocator, absl::Span<const Shape> shapes);
  // In host memory of its own. Errors: those of AllocateHostTensor.
  static absl::StatusOr<TensorBlock> AllocateOnHost(absl::Span<const Shape> shapes);
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_TENSOR_BLOCK_H_
