// Images for detectors and segmenters, one after the other, prepared as for serving.
#ifndef LOCALMAMBA_MODEL_DATA_KEEP_RATIO_LOADER_H_
#define LOCALMAMBA_MODEL_DATA_KEEP_RATIO_LOADER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "model/data/image_list.h"
#include "model/vision/keep_ratio.h"

namespace localmamba {

struct LoadedImage {
  int64_t index = 0;  // in the list
  PreparedImage image;
};

struct KeepRatioLoaderOptions {
  KeepRatioConfig preprocess;
  PixelNormalization normalization;
  double max_unreadable_share = 0.01;  // of the images; above it Next fails
  int threads = 1;                     // at least 1
  int prefetch = 2;                    // images in work or ready, at least 1
};

// Errors: INVALID_ARGUMENT naming the first field that is out of range.
absl::Status Validate(const KeepRatioLoaderOptions& options);

// Goes through the images once, in order; unreadable ones are left out. Stops as soon as the images
// in work are done when it is destroyed. Used by one thread at a time.
class KeepRatioLoader {
 public:
  // The images `indices` of `images`. Both `images` and `host`, which gives the memory, outlive the
  // loader and what it returns. Errors: those of Validate.
  static absl::StatusOr<std::unique_ptr<KeepRatioLoader>> Create(
      const ImageList& images, std::vector<int64_t> indices, const KeepRatioLoaderOptions& options,
      Allocator& host);
  ~KeepRatioLoader();

  // The next image, or none after the last. Waits for it. After an error every call returns that
  // error. Errors: INVALID_ARGUMENT if too many images are unreadable, naming the last one of them;
  // RESOURCE_EXHAUSTED.
  absl::StatusOr<std::optional<LoadedImage>> Next();

  [[nodiscard]] int64_t unreadable() const;  // images left out so far

 private:
  class Impl;
  explicit KeepRatioLoader(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_KEEP_RATIO_LOADER_H_
