// The decoded images of a data set's part, kept in memory as far as they fit.
#ifndef LOCALMAMBA_MODEL_DATA_IMAGE_STORE_H_
#define LOCALMAMBA_MODEL_DATA_IMAGE_STORE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "kernels/base/mutex.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"
#include "model/data/image_folder.h"

namespace localmamba {

struct ImageStoreOptions {
  // Images are kept as they come until they take this many bytes. What Get returns does not depend
  // on it.
  int64_t cache_bytes = 0;
  // See DecodeOptions::wanted_short_side: for training the larger side of the network's input, so
  // that even a crop of 8% of a large JPEG has about as many pixels as the input; for evaluation
  // that of the resize.
  int64_t wanted_short_side = 0;
};

// Safe to call from several threads.
class ImageStore {
 public:
  // Errors: those of CreateDeviceAllocator.
  static absl::StatusOr<std::shared_ptr<ImageStore>> Create(
      std::shared_ptr<const ImageFolder> folder, const ImageStoreOptions& options);

  [[nodiscard]] const ImageFolder& folder() const { return *folder_; }

  // (H, W, 3), u8, RGB. Not to be written to. Keep the store longer.
  // Errors: those of ImageFolder::Read and of DecodeImage, naming the file.
  absl::StatusOr<Tensor> Get(int64_t index);

 private:
  ImageStore(std::shared_ptr<const ImageFolder> folder, const ImageStoreOptions& options,
             std::unique_ptr<Allocator> allocator);

  [[nodiscard]] absl::StatusOr<Tensor> Decode(int64_t index) const;

  const std::shared_ptr<const ImageFolder> folder_;
  const ImageStoreOptions options_;
  const std::unique_ptr<Allocator> allocator_;
  Mutex mu_;
  std::vector<Tensor> kept_ ABSL_GUARDED_BY(mu_);  // by image, empty if not kept
  int64_t kept_bytes_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_IMAGE_STORE_H_
