#include "model/data/image_store.h"

#include <utility>

#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/vision/decode.h"

namespace localmamba {

absl::StatusOr<std::shared_ptr<ImageStore>> ImageStore::Create(
    std::shared_ptr<const ImageFolder> folder, const ImageStoreOptions& options) {
  LM_ASSIGN_OR_RETURN(std::unique_ptr<Allocator> allocator, CreateDeviceAllocator(Device::Cpu()));
  return std::shared_ptr<ImageStore>(
      new ImageStore(std::move(folder), options, std::move(allocator)));
}

ImageStore::ImageStore(std::shared_ptr<const ImageFolder> folder, const ImageStoreOptions& options,
                       std::unique_ptr<Allocator> allocator)
    : folder_(std::move(folder)),
      options_(options),
      allocator_(std::move(allocator)),
      kept_(static_cast<size_t>(folder_->size())) {}

absl::StatusOr<Tensor> ImageStore::Get(int64_t index) {
  const auto i = static_cast<size_t>(index);
  {
    MutexLock lock(mu_);
    if (!kept_[i].empty()) return kept_[i];
  }
  absl::StatusOr<Tensor> image = Decode(index);
  if (!image.ok()) return Annotate(image.status(), folder_->path(index));
  MutexLock lock(mu_);
  const int64_t bytes = image->elements();
  if (kept_[i].empty() && bytes <= options_.cache_bytes - kept_bytes_) {
    kept_[i] = *image;
    kept_bytes_ += bytes;
  }
  return image;
}

absl::StatusOr<Tensor> ImageStore::Decode(int64_t index) const {
  DecodeOptions options;
  options.wanted_short_side = options_.wanted_short_side;
  LM_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                      folder_->Read(index, options.limits.max_bytes));
  LM_ASSIGN_OR_RETURN(DecodedImage image, DecodeImage(bytes, options, *allocator_));
  return std::move(image.pixels);
}

}  // namespace localmamba
