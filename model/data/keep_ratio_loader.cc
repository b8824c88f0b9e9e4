#include "model/data/keep_ratio_loader.h"

#include <utility>

#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"
#include "model/data/check_option.h"
#include "model/data/ordered_prefetcher.h"
#include "model/data/unreadable_images.h"
#include "model/vision/decode.h"

namespace localmamba {
namespace {

// A Batch of OrderedPrefetcher: one image.
class ImageWork {
 public:
  // All outlive it.
  ImageWork(const ImageList& images, int64_t index, const KeepRatioLoaderOptions& options,
            Allocator& host)
      : images_(images), options_(options), host_(host), index_(index) {}

  [[nodiscard]] static int64_t parts() { return 1; }

  absl::Status RunPart(int64_t /*part*/) {
    absl::StatusOr<PreparedImage> image = Prepare();
    if (IsUnreadable(image.status())) {
      unreadable_ = Annotate(image.status(), images_.path(index_));
      return absl::OkStatus();
    }
    LM_RETURN_IF_ERROR(image.status());
    image_ = *std::move(image);
    return absl::OkStatus();
  }

  // Why the image was left out; OK if it was not.
  [[nodiscard]] const absl::Status& unreadable() const { return unreadable_; }
  [[nodiscard]] int64_t index() const { return index_; }
  [[nodiscard]] LoadedImage Take() { return {index_, std::move(image_)}; }

 private:
  [[nodiscard]] absl::StatusOr<PreparedImage> Prepare() const {
    const DecodeOptions decode;
    LM_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                        images_.Read(index_, decode.limits.max_bytes));
    LM_ASSIGN_OR_RETURN(const DecodedImage decoded, DecodeImage(bytes, decode, host_));
    LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 1));
    return ResizeKeepRatio(options_.preprocess, options_.normalization, decoded.pixels, host_,
                           stream);
  }

  const ImageList& images_;
  const KeepRatioLoaderOptions& options_;
  Allocator& host_;
  const int64_t index_;
  PreparedImage image_;
  absl::Status unreadable_;
};

}  // namespace

absl::Status Validate(const KeepRatioLoaderOptions& options) {
  LM_RETURN_IF_ERROR(Validate(options.preprocess));
  LM_RETURN_IF_ERROR(CheckShare("max_unreadable_share", options.max_unreadable_share));
  LM_RETURN_IF_ERROR(CheckAtLeast("threads", options.threads, 1));
  return CheckAtLeast("prefetch", options.prefetch, 1);
}

class KeepRatioLoader::Impl {
 public:
  Impl(const ImageList& images, std::vector<int64_t> indices, const KeepRatioLoaderOptions& options,
       Allocator& host)
      : options_(options),
        images_(images),
        indices_(std::move(indices)),
        host_(host),
        unreadable_(static_cast<int64_t>(indices_.size()), options.max_unreadable_share),
        prefetcher_(options.threads, options.prefetch, [this] { return Begin(); }) {}

  absl::StatusOr<std::optional<LoadedImage>> Next() {
    LM_RETURN_IF_ERROR(failure_);
    while (true) {
      LM_ASSIGN_OR_RETURN(const std::unique_ptr<ImageWork> work, prefetcher_.Next());
      if (work == nullptr) return std::nullopt;
      if (work->unreadable().ok()) return work->Take();
      failure_ = unreadable_.Add({work->index(), work->unreadable()});
      LM_RETURN_IF_ERROR(failure_);
    }
  }

  [[nodiscard]] int64_t unreadable() const { return unreadable_.count(); }

 private:
  // Called by one thread of the prefetcher at a time.
  absl::StatusOr<std::unique_ptr<ImageWork>> Begin() {
    if (begun_ == indices_.size()) return std::unique_ptr<ImageWork>();
    return std::make_unique<ImageWork>(images_, indices_[begun_++], options_, host_);
  }

  const KeepRatioLoaderOptions options_;
  const ImageList& images_;
  const std::vector<int64_t> indices_;
  Allocator& host_;
  size_t begun_ = 0;  // used by Begin alone
  // Used by Next alone:
  UnreadableImages unreadable_;
  absl::Status failure_;
  OrderedPrefetcher<ImageWork> prefetcher_;  // last: its threads use the others
};

absl::StatusOr<std::unique_ptr<KeepRatioLoader>> KeepRatioLoader::Create(
    const ImageList& images, std::vector<int64_t> indices, const KeepRatioLoaderOptions& options,
    Allocator& host) {
  LM_RETURN_IF_ERROR(Validate(options));
  return std::unique_ptr<KeepRatioLoader>(
      new KeepRatioLoader(std::make_unique<Impl>(images, std::move(indices), options, host)));
}

KeepRatioLoader::KeepRatioLoader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

KeepRatioLoader::~KeepRatioLoader() = default;

absl::StatusOr<std::optional<LoadedImage>> KeepRatioLoader::Next() { return impl_->Next(); }

int64_t KeepRatioLoader::unreadable() const { return impl_->unreadable(); }

}  // namespace localmamba
