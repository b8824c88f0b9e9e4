#include "model/data/training_work.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/image/normalize_pixels.h"
#include "model/data/augment_image.h"
#include "model/data/random_draws.h"
#include "model/data/random_erasing.h"

namespace localmamba {
namespace {

// A part is to be some tenths of a millisecond of work at least, however small the images.
constexpr int64_t kPartPixels = int64_t{1} << 14;

}  // namespace

TrainingWork::TrainingWork(const TrainingLoaderOptions& options, ImageStore& store, Args args)
    : options_(options),
      store_(store),
      args_(std::move(args)),
      unreadable_(static_cast<size_t>(batch())) {}

int64_t TrainingWork::PairsPerPart() const {
  return std::max<int64_t>(1, kPartPixels / (2 * options_.height * options_.width));
}

int64_t TrainingWork::parts() const { return (pairs() + PairsPerPart() - 1) / PairsPerPart(); }

absl::Status TrainingWork::RunPart(int64_t part) {
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu(), 1));
  const int64_t begin = part * PairsPerPart();
  const int64_t end = std::min(begin + PairsPerPart(), pairs());
  for (int64_t row = begin; row < end; ++row) LM_RETURN_IF_ERROR(MakePair(row, stream));
  return absl::OkStatus();
}

absl::Status TrainingWork::MakePair(int64_t row, Stream& stream) {
  const int64_t other = batch() - 1 - row;
  LM_ASSIGN_OR_RETURN(const int64_t label, MakeImage(row, stream));
  const auto target = [this](int64_t r) { return args_.targets.view().Select(0, r); };
  if (other == row) {  // the middle of an odd batch, which is not mixed
    WriteTarget(args_.mixing, options_.label_smoothing, label, label, target(row));
    return absl::OkStatus();
  }
  LM_ASSIGN_OR_RETURN(const int64_t other_label, MakeImage(other, stream));
  MixPair(args_.mixing, args_.images.view().Select(0, row), args_.images.view().Select(0, other));
  WriteTarget(args_.mixing, options_.label_smoothing, label, other_label, target(row));
  WriteTarget(args_.mixing, options_.label_smoothing, other_label, label, target(other));
  return absl::OkStatus();
}

absl::StatusOr<int64_t> TrainingWork::MakeImage(int64_t row, Stream& stream) {
  LM_ASSIGN_OR_RETURN(const LabelledImage image, Load(row));
  RandomDraws draws(args_.random.Child(static_cast<uint64_t>(row)));
  LM_ASSIGN_OR_RETURN(const RgbImage pixels,
                      AugmentImage(options_.augmentation, image.pixels, options_.height,
                                   options_.width, draws, stream));
  const TensorView out = args_.images.view().Slice(0, row, row + 1);
  LM_RETURN_IF_ERROR(NormalizePixels(pixels.view().Reshape({1, options_.height, options_.width, 3}),
                                     options_.normalization, out, stream));
  EraseRandomly(options_.augmentation.random_erasing, draws, out.Select(0, 0));
  return image.label;
}

absl::StatusOr<TrainingWork::LabelledImage> TrainingWork::Load(int64_t row) {
  int64_t index = args_.indices[static_cast<size_t>(row)];
  const int64_t images = store_.folder().size();
  std::vector<UnreadableImage> unreadable;
  absl::StatusOr<Tensor> image = store_.Get(index);
  // One more than may be unreadable is enough for the loader to fail.
  const int64_t tries = UnreadableImages::MaxCount(images, options_.max_unreadable_share) + 1;
  while (IsUnreadable(image.status())) {
    unreadable.push_back({index, image.status()});
    if (static_cast<int64_t>(unreadable.size()) == std::min(tries, images)) {
      UnreadableImages found(images, options_.max_unreadable_share);
      for (const UnreadableImage& each : unreadable) LM_RETURN_IF_ERROR(found.Add(each));
      return absl::InvalidArgumentError(
          absl::StrCat("data: none of ", images,
                       " images is readable; the last one: ", image.status().message()));
    }
    index = (index + 1) % images;
    image = store_.Get(index);
  }
  LM_RETURN_IF_ERROR(image.status());
  if (!unreadable.empty()) {
    MutexLock lock(mu_);
    unreadable_[static_cast<size_t>(row)] = std::move(unreadable);
  }
  return LabelledImage{*std::move(image), store_.folder().label(index)};
}

std::vector<UnreadableImage> TrainingWork::Unreadable() const {
  std::vector<UnreadableImage> all;
  MutexLock lock(mu_);
  for (const std::vector<UnreadableImage>& row : unreadable_) {
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

}  // namespace localmamba
