#include "model/data/tensor_pool.h"

#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "kernels/base/mutex.h"
#include "kernels/base/status_macros.h"

namespace localmamba {

struct TensorPool::FreeBuffers {
  Mutex mu;
  std::vector<Buffer> buffers ABSL_GUARDED_BY(mu);
};

TensorPool::TensorPool(Allocator& allocator, DType dtype, const Shape& shape)
    : allocator_(allocator), dtype_(dtype), shape_(shape), free_(std::make_shared<FreeBuffers>()) {}

absl::StatusOr<Tensor> TensorPool::Take() {
  Buffer buffer;
  {
    MutexLock lock(free_->mu);
    if (!free_->buffers.empty()) {
      buffer = std::move(free_->buffers.back());
      free_->buffers.pop_back();
    }
  }
  if (buffer.data() == nullptr) {
    const size_t bytes = static_cast<size_t>(shape_.elements()) * SizeOf(dtype_);
    LM_ASSIGN_OR_RETURN(buffer, allocator_.Allocate(bytes));
  }
  const TensorView view(buffer.data(), dtype_, shape_);
  // Gives the buffer back with the last tensor that shares it.
  const auto give_back = [free = free_](Buffer* lent) {
    const std::unique_ptr<Buffer> owned(lent);
    MutexLock lock(free->mu);
    free->buffers.push_back(std::move(*owned));
  };
  return Tensor::Share(view, std::shared_ptr<Buffer>(new Buffer(std::move(buffer)), give_back));
}

}  // namespace localmamba
