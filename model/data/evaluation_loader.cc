#include "model/data/evaluation_loader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"
#include "kernels/image/normalize_pixels.h"
#include "model/data/check_option.h"
#include "model/data/ordered_prefetcher.h"
#include "model/data/tensor_pool.h"
#include "model/data/unreadable_images.h"
#include "model/vision/preprocess.h"

namespace localmamba {
namespace {

// A Batch of OrderedPrefetcher: images `first` to, without, `end`, one a part.
class EvaluationWork {
 public:
  // `config` and `store` outlive it. images: (at least end - first, 3, H, W), float32.
  EvaluationWork(const PreprocessConfig& config, ImageStore& store, int64_t first, int64_t end,
                 Tensor images)
      : config_(config),
        store_(store),
        first_(first),
        images_(std::move(images)),
        status_(static_cast<size_t>(end - first)) {}

  [[nodiscard]] int64_t parts() const { return static_cast<int64_t>(status_.size()); }

  absl::Status RunPart(int64_t part) {
    const absl::StatusOr<Tensor> image = store_.Get(first_ + part);
    if (IsUnreadable(image.status())) {
      status_[static_cast<size_t>(part)] = image.status();
      return absl::OkStatus();
    }
    LM_RETURN_IF_ERROR(image.status());
    LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 1));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> allocator,
                        CreateDeviceAllocator(Device::Cpu()));
    LM_ASSIGN_OR_RETURN(const Tensor pixels, ResizeAndCrop(config_, *image, *allocator, stream));
    return NormalizePixels(pixels.Reshape({1, config_.crop_height, config_.crop_width, 3}),
                           config_.normalization, images_.Slice(0, part, part + 1), stream);
  }

  // When all parts are done: the readable images, moved together.
  EvaluationBatch Finish() {
    EvaluationBatch batch;
    const int64_t elements = images_.elements() / images_.dim(0);
    int64_t kept = 0;
    for (int64_t part = 0; part < parts(); ++part) {
      if (!status_[static_cast<size_t>(part)].ok()) continue;
      if (kept != part) {
        std::memcpy(images_.data<float>() + kept * elements,
                    images_.data<float>() + part * elements,
                    static_cast<size_t>(elements) * sizeof(float));
      }
      batch.labels.push_back(store_.folder().label(first_ + part));
      ++kept;
    }
    batch.images = images_.Slice(0, 0, kept);
    return batch;
  }

  [[nodiscard]] std::vector<UnreadableImage> Unreadable() const {
    std::vector<UnreadableImage> all;
    for (int64_t part = 0; part < parts(); ++part) {
      const absl::Status& why = status_[static_cast<size_t>(part)];
      if (!why.ok()) all.push_back({first_ + part, why});
    }
    return all;
  }

 private:
  const PreprocessConfig& config_;
  ImageStore& store_;
  const int64_t first_;
  const Tensor images_;
  std::vector<absl::Status> status_;  // by part, written by the part alone
};

}  // namespace

absl::Status Validate(const EvaluationLoaderOptions& options) {
  LM_RETURN_IF_ERROR(CheckAtLeast("batch_size", options.batch_size, 1));
  LM_RETURN_IF_ERROR(Validate(options.preprocess));
  LM_RETURN_IF_ERROR(CheckShare("max_unreadable_share", options.max_unreadable_share));
  LM_RETURN_IF_ERROR(CheckAtLeast("threads", options.threads, 1));
  return CheckAtLeast("prefetch", options.prefetch, 1);
}

class EvaluationLoader::Impl {
 public:
  Impl(std::shared_ptr<ImageStore> store, const EvaluationLoaderOptions& options, Allocator& host)
      : options_(options),
        store_(std::move(store)),
        images_(
            host, DType::kFloat32,
            {options.batch_size, 3, options.preprocess.crop_height, options.preprocess.crop_width}),
        unreadable_(store_->folder().size(), options.max_unreadable_share),
        prefetcher_(options.threads, options.prefetch, [this] { return Begin(); }) {}

  absl::StatusOr<std::optional<EvaluationBatch>> Next() {
    LM_RETURN_IF_ERROR(failure_);
    while (true) {
      LM_ASSIGN_OR_RETURN(const std::unique_ptr<EvaluationWork> work, prefetcher_.Next());
      if (work == nullptr) return std::nullopt;
      for (const UnreadableImage& image : work->Unreadable()) {
        failure_ = unreadable_.Add(image);
        LM_RETURN_IF_ERROR(failure_);
      }
      EvaluationBatch batch = work->Finish();
      batch.unreadable = unreadable_.count();
      if (!batch.labels.empty()) return batch;
    }
  }

 private:
  // Called by one thread of the prefetcher at a time.
  absl::StatusOr<std::unique_ptr<EvaluationWork>> Begin() {
    const int64_t size = store_->folder().size();
    if (begun_ == size) return std::unique_ptr<EvaluationWork>();
    const int64_t first = begun_;
    begun_ = std::min(first + options_.batch_size, size);
    LM_ASSIGN_OR_RETURN(Tensor images, images_.Take());
    return std::make_unique<EvaluationWork>(options_.preprocess, *store_, first, begun_,
                                            std::move(images));
  }

  const EvaluationLoaderOptions options_;
  const std::shared_ptr<ImageStore> store_;
  TensorPool images_;
  int64_t begun_ = 0;  // images that are in a batch; used by Begin alone
  // Used by Next alone:
  UnreadableImages unreadable_;
  absl::Status failure_;
  OrderedPrefetcher<EvaluationWork> prefetcher_;  // last: its threads use the others
};

absl::StatusOr<std::unique_ptr<EvaluationLoader>> EvaluationLoader::Create(
    std::shared_ptr<ImageStore> images, const EvaluationLoaderOptions& options, Allocator& host) {
  LM_RETURN_IF_ERROR(Validate(options));
  return std::unique_ptr<EvaluationLoader>(
      new EvaluationLoader(std::make_unique<Impl>(std::move(images), options, host)));
}

EvaluationLoader::EvaluationLoader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

EvaluationLoader::~EvaluationLoader() = default;

absl::StatusOr<std::optional<EvaluationBatch>> EvaluationLoader::Next() { return impl_->Next(); }

}  // namespace localmamba
