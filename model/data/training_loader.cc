#include "model/data/training_loader.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/counter_random.h"
#include "kernels/base/status_macros.h"
#include "model/data/check_option.h"
#include "model/data/epoch_order.h"
#include "model/data/mixing.h"
#include "model/data/ordered_prefetcher.h"
#include "model/data/random_draws.h"
#include "model/data/tensor_pool.h"
#include "model/data/training_work.h"
#include "model/data/unreadable_images.h"

namespace localmamba {

absl::Status Validate(const TrainingLoaderOptions& options) {
  LM_RETURN_IF_ERROR(CheckAtLeast("batch_size", options.batch_size, 1));
  LM_RETURN_IF_ERROR(CheckAtLeast("height", options.height, 1));
  LM_RETURN_IF_ERROR(CheckAtLeast("width", options.width, 1));
  LM_RETURN_IF_ERROR(Validate(options.augmentation));
  LM_RETURN_IF_ERROR(CheckOption("label_smoothing", options.label_smoothing,
                                 options.label_smoothing >= 0 && options.label_smoothing < 1,
                                 "0 to below 1"));
  LM_RETURN_IF_ERROR(CheckShare("max_unreadable_share", options.max_unreadable_share));
  LM_RETURN_IF_ERROR(CheckAtLeast("first_step", options.first_step, 0));
  LM_RETURN_IF_ERROR(CheckAtLeast("replicas", options.replicas, 1));
  LM_RETURN_IF_ERROR(CheckOption("replica", options.replica,
                                 options.replica >= 0 && options.replica < options.replicas,
                                 absl::StrCat("0 to ", options.replicas - 1)));
  LM_RETURN_IF_ERROR(
      CheckOption("batch_size", options.batch_size, options.batch_size % options.replicas == 0,
                  absl::StrCat("a multiple of the ", options.replicas, " replicas")));
  const bool odd = options.batch_size / options.replicas % 2 == 1;
  LM_RETURN_IF_ERROR(CheckOption("batch_size", options.batch_size,
                                 !(odd && options.augmentation.mixes()),
                                 absl::StrCat("an even number for each of ", options.replicas,
                                              " replicas, because mixup or cutmix is on")));
  LM_RETURN_IF_ERROR(CheckAtLeast("threads", options.threads, 1));
  return CheckAtLeast("prefetch", options.prefetch, 1);
}

class TrainingLoader::Impl {
 public:
  Impl(std::shared_ptr<ImageStore> store, const TrainingLoaderOptions& options, Allocator& host)
      : options_(options),
        store_(std::move(store)),
        rows_(options.batch_size / options.replicas),
        images_(host, DType::kFloat32, {rows_, 3, options.height, options.width}),
        targets_(host, DType::kFloat32,
                 {rows_, static_cast<int64_t>(store_->folder().classes().size())}),
        step_(options.first_step),
        unreadable_(store_->folder().size(), options.max_unreadable_share),
        prefetcher_(options.threads, options.prefetch, [this] { return Begin(); }) {}

  [[nodiscard]] int64_t steps_per_epoch() const {
    return store_->folder().size() / options_.batch_size;
  }

  absl::StatusOr<TrainingBatch> Next() {
    LM_RETURN_IF_ERROR(failure_);
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<TrainingWork> work, prefetcher_.Next());
    TrainingBatch batch{.images = work->images(), .targets = work->targets()};
    for (const UnreadableImage& image : work->Unreadable()) {
      const int64_t before = unreadable_.count();
      failure_ = unreadable_.Add(image);
      LM_RETURN_IF_ERROR(failure_);
      if (unreadable_.count() == before) continue;
      batch.newly_unreadable.emplace_back(image.why.message());
    }
    batch.unreadable = unreadable_.count();
    return batch;
  }

 private:
  // Called by one thread of the prefetcher at a time.
  absl::StatusOr<std::unique_ptr<TrainingWork>> Begin() {
    const int64_t epoch = step_ / steps_per_epoch();
    if (order_.empty() || epoch != order_epoch_) {
      order_ = EpochOrder(store_->folder().size(), options_.seed, epoch);
      order_epoch_ = epoch;
    }
    // In the epoch, of this replica's first row.
    const int64_t position =
        step_ % steps_per_epoch() * options_.batch_size + options_.replica * rows_;
    const auto first = order_.begin() + position;
    RandomDraws draws(CounterRandom(options_.seed, "mixing")
                          .Child(static_cast<uint64_t>(step_))
                          .Child(static_cast<uint64_t>(options_.replica)));
    LM_ASSIGN_OR_RETURN(Tensor images, images_.Take());
    LM_ASSIGN_OR_RETURN(Tensor targets, targets_.Take());
    TrainingWork::Args args = {
        .images = std::move(images),
        .targets = std::move(targets),
        .indices = {first, first + rows_},
        .mixing = DrawMixing(options_.augmentation, options_.height, options_.width, draws),
        .random = CounterRandom(options_.seed, "augmentation")
                      .Child(static_cast<uint64_t>(step_))
                      .Child(static_cast<uint64_t>(options_.replica))};
    ++step_;
    return std::make_unique<TrainingWork>(options_, *store_, std::move(args));
  }

  const TrainingLoaderOptions options_;
  const std::shared_ptr<ImageStore> store_;
  const int64_t rows_;  // of a batch
  TensorPool images_;
  TensorPool targets_;
  // Used by Begin alone:
  int64_t step_;  // of the batch that is begun next
  std::vector<int64_t> order_;
  int64_t order_epoch_ = 0;
  // Used by Next alone:
  UnreadableImages unreadable_;
  absl::Status failure_;
  OrderedPrefetcher<TrainingWork> prefetcher_;  // last: its threads use the others
};

absl::StatusOr<std::unique_ptr<TrainingLoader>> TrainingLoader::Create(
    std::shared_ptr<ImageStore> images, const TrainingLoaderOptions& options, Allocator& host) {
  LM_RETURN_IF_ERROR(Validate(options));
  const int64_t size = images->folder().size();
  LM_RETURN_IF_ERROR(CheckOption("batch_size", options.batch_size, options.batch_size <= size,
                                 absl::StrCat("at most the ", size, " images there are")));
  return std::unique_ptr<TrainingLoader>(
      new TrainingLoader(std::make_unique<Impl>(std::move(images), options, host)));
}

TrainingLoader::TrainingLoader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TrainingLoader::~TrainingLoader() = default;

absl::StatusOr<TrainingBatch> TrainingLoader::Next() { return impl_->Next(); }

int64_t TrainingLoader::steps_per_epoch() const { return impl_->steps_per_epoch(); }

}  // namespace localmamba
