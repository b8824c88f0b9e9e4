// Memory of tensors of one kind, used again and again.
#ifndef LOCALMAMBA_MODEL_DATA_TENSOR_POOL_H_
#define LOCALMAMBA_MODEL_DATA_TENSOR_POOL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"

namespace localmamba {

// Safe to call from several threads; the tensors may outlive it.
class TensorPool {
 public:
  // `allocator` outlives the pool and its tensors.
  TensorPool(Allocator& allocator, DType dtype, const Shape& shape);

  // A dense, uninitialised tensor: the memory of one that nobody holds any more, else new memory.
  // Errors: those of the allocator.
  absl::StatusOr<Tensor> Take();

 private:
  struct FreeBuffers;

  Allocator& allocator_;
  const DType dtype_;
  const Shape shape_;
  const std::shared_ptr<FreeBuffers> free_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_TENSOR_POOL_H_
