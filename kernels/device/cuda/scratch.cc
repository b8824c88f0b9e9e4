#include "kernels/device/cuda/scratch.h"

#include <algorithm>

#include "kernels/base/status_macros.h"

namespace localmamba::cuda {

absl::StatusOr<void*> Scratch::Get(size_t bytes, Stream& stream) {
  const size_t held = blocks_.empty() ? 0 : blocks_.back().bytes();
  if (held < bytes) {
    if (!allocator_.has_value()) allocator_.emplace(stream.device().index);
    LM_ASSIGN_OR_RETURN(Buffer block, allocator_->Allocate(std::max(bytes, 2 * held)));
    blocks_.push_back(std::move(block));
  }
  return blocks_.empty() ? nullptr : blocks_.back().data();
}

}  // namespace localmamba::cuda
