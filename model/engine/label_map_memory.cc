#include "model/engine/label_map_memory.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "kernels/base/status_macros.h"
#include "model/weights/host_tensor.h"

namespace localmamba {
namespace {

absl::StatusOr<Tensor> CopyOf(const Tensor& tensor) {
  if (tensor.empty()) return Tensor();
  LM_ASSIGN_OR_RETURN(Tensor copy, AllocateHostTensor(tensor.dtype(), tensor.shape()));
  std::memcpy(copy.view().raw_data(), tensor.view().raw_data(),
              static_cast<size_t>(tensor.elements()) * SizeOf(tensor.dtype()));
  return copy;
}

}  // namespace

absl::Status LabelMapMemory::Reserve(const std::vector<LabelMapSize>& sizes, bool confidence,
                                     Allocator& device, Allocator& pinned) {
  sizes_ = sizes;
  confidence_ = confidence;
  words_ = 0;
  for (const LabelMapSize& size : sizes) words_ += size.height * size.width * (confidence ? 2 : 1);
  if (words_ <= capacity_) return absl::OkStatus();
  const int64_t capacity = std::max(words_, 2 * capacity_);
  capacity_ = 0;
  device_ = {};
  pinned_ = {};
  LM_ASSIGN_OR_RETURN(device_, Tensor::Allocate(device, DType::kInt32, {capacity}));
  LM_ASSIGN_OR_RETURN(pinned_, Tensor::Allocate(pinned, DType::kInt32, {capacity}));
  capacity_ = capacity;
  return absl::OkStatus();
}

std::vector<ImageLabels> LabelMapMemory::MapsIn(const Tensor& block) const {
  std::vector<ImageLabels> maps;
  int64_t begin = 0;
  for (const LabelMapSize& size : sizes_) {
    const auto next = [&](DType dtype) {
      const int64_t end = begin + size.height * size.width;
      const Tensor words = block.Slice(0, begin, end);
      begin = end;
      return Tensor::Share(
          TensorView(words.view().raw_data(), dtype, {size.height, size.width}, block.device()),
          std::make_shared<Tensor>(words));
    };
    ImageLabels& map = maps.emplace_back();
    map.labels = next(DType::kInt32);
    if (confidence_) map.confidence = next(DType::kFloat32);
  }
  return maps;
}

absl::Status LabelMapMemory::Fetch(Stream& stream) const {
  return Copy(device_.Slice(0, 0, words_), pinned_.Slice(0, 0, words_), stream);
}

absl::StatusOr<std::vector<ImageLabels>> LabelMapMemory::Export() const {
  std::vector<ImageLabels> maps = MapsIn(pinned_);
  for (ImageLabels& map : maps) {
    LM_ASSIGN_OR_RETURN(map.labels, CopyOf(map.labels));
    LM_ASSIGN_OR_RETURN(map.confidence, CopyOf(map.confidence));
  }
  return maps;
}

}  // namespace localmamba
