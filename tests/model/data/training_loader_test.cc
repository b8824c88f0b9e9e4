#include "model/data/training_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/data/dataset.h"
#include "model/data/synthetic_loader.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_dataset.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

// What a batch holds, apart from the memory it lies in.
struct Content {
  std::vector<float> images;
  std::vector<float> targets;

  friend bool operator==(const Content&, const Content&) = default;
};

std::vector<float> Values(const Tensor& tensor) {
  return {tensor.data<float>(), tensor.data<float>() + tensor.elements()};
}

class TrainingLoaderTest : public testing::Test {
 protected:
  // 24 images of 3 classes.
  TrainingLoaderTest() : files_(MakeTinyDataset({.train_images = 8, .validation_images = 1})) {
    options_.batch_size = 6;
    options_.height = 24;
    options_.width = 20;
    options_.threads = 2;
  }

  std::shared_ptr<ImageStore> Store(int64_t cache_bytes = 0) {
    folder_.Write(files_);
    const auto data = OpenDataset({.path = folder_.path()});
    EXPECT_TRUE(data.ok()) << data.status();
    return ImageStore::Create(data->train, {.cache_bytes = cache_bytes}).value();
  }

  std::unique_ptr<TrainingLoader> Create(const TrainingLoaderOptions& options,
                                         int64_t cache_bytes = 0) {
    auto loader = TrainingLoader::Create(Store(cache_bytes), options, *host_);
    EXPECT_TRUE(loader.ok()) << loader.status();
    return *std::move(loader);
  }

  std::vector<Content> Batches(const TrainingLoaderOptions& options, int count,
                               int64_t cache_bytes = 0) {
    const auto loader = Create(options, cache_bytes);
    std::vector<Content> batches;
    for (int i = 0; i < count; ++i) {
      const auto batch = loader->Next();
      EXPECT_TRUE(batch.ok()) << batch.status();
      batches.push_back({Values(batch->images), Values(batch->targets)});
    }
    return batches;
  }

  absl::Status CreateError(const TrainingLoaderOptions& options) {
    return TrainingLoader::Create(Store(), options, *host_).status();
  }

  std::map<std::string, std::string> files_;
  const TemporaryFolder folder_;
  const std::unique_ptr<Allocator> host_ = CreateHostAllocator(Device::Cpu());
  TrainingLoaderOptions options_;
};

TEST_F(TrainingLoaderTest, BatchesHaveTheShapesAskedAndTargetsAreProbabilities) {
  const auto loader = Create(options_);
  EXPECT_EQ(loader->steps_per_epoch(), 4);
  const auto batch = loader->Next();
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->images.shape(), Shape({6, 3, 24, 20}));
  EXPECT_EQ(batch->targets.shape(), Shape({6, 3}));
  EXPECT_EQ(batch->unreadable, 0);
  for (int64_t row = 0; row < 6; ++row) {
    const float* target = batch->targets.data<float>() + row * 3;
    EXPECT_NEAR(target[0] + target[1] + target[2], 1, 1e-6);
    EXPECT_GT(std::min({target[0], target[1], target[2]}), 0.03F);  // smoothing: 0.1 / 3
  }
}

TEST_F(TrainingLoaderTest, NeitherThreadsNorPrefetchNorCacheChangeABatch) {
  options_.threads = 1;
  options_.prefetch = 1;
  const std::vector<Content> expected = Batches(options_, 9);
  options_.threads = 5;
  options_.prefetch = 4;
  EXPECT_EQ(Batches(options_, 9), expected);
  EXPECT_EQ(Batches(options_, 9, 10 * 32 * 32 * 3), expected) << "some images kept";
  EXPECT_EQ(Batches(options_, 9, 1 << 20), expected) << "all images kept";
  options_.seed = 43;
  EXPECT_NE(Batches(options_, 9), expected);
}

TEST_F(TrainingLoaderTest, ALoaderThatStartsLaterGoesOnAlike) {
  const std::vector<Content> all = Batches(options_, 11);
  for (const int64_t step : {1, 4, 7}) {
    options_.first_step = step;
    EXPECT_EQ(Batches(options_, 4),
              std::vector<Content>(all.begin() + step, all.begin() + step + 4))
        << "from step " << step;
  }
}

TEST_F(TrainingLoaderTest, AnEpochShowsEveryImageOnceInAnOrderOfItsOwn) {
  options_.augmentation = AugmentationConfig::None();
  const std::vector<Content> batches = Batches(options_, 8);
  const int64_t elements = 3 * 24 * 20;
  std::vector<std::vector<std::vector<float>>> epochs(2);
  for (int i = 0; i < 8; ++i) {
    const auto& images = batches[static_cast<size_t>(i)].images;
    for (int64_t row = 0; row < 6; ++row) {
      epochs[static_cast<size_t>(i / 4)].emplace_back(images.begin() + row * elements,
                                                      images.begin() + (row + 1) * elements);
    }
  }
  EXPECT_NE(epochs[0], epochs[1]);
  for (auto& epoch : epochs) std::sort(epoch.begin(), epoch.end());
  EXPECT_EQ(epochs[0], epochs[1]);
  EXPECT_EQ(std::set(epochs[0].begin(), epochs[0].end()).size(), 24U);
}

TEST_F(TrainingLoaderTest, TheLastIncompleteBatchIsDropped) {
  options_.batch_size = 10;
  EXPECT_EQ(Create(options_)->steps_per_epoch(), 2);
}

TEST_F(TrainingLoaderTest, ReplicasShareABatch) {
  options_.augmentation = AugmentationConfig::None();
  options_.first_step = 2;
  const Content whole = Batches(options_, 1).front();
  options_.replicas = 3;
  Content together;
  for (options_.replica = 0; options_.replica < 3; ++options_.replica) {
    const Content share = Batches(options_, 1).front();
    EXPECT_EQ(share.targets.size(), 2U * 3U);
    together.images.insert(together.images.end(), share.images.begin(), share.images.end());
    together.targets.insert(together.targets.end(), share.targets.begin(), share.targets.end());
  }
  EXPECT_EQ(together, whole);
}

TEST_F(TrainingLoaderTest, ReplicasAugmentDifferently) {
  files_ = MakeTinyDataset({.classes = 1, .train_images = 1, .validation_images = 1});
  files_["train/diagonal/0001.png"] = files_["train/diagonal/0000.png"];
  options_.batch_size = 2;
  options_.augmentation.mixup_alpha = 0;
  options_.augmentation.cutmix_alpha = 0;
  options_.replicas = 2;
  const std::vector<Content> first = Batches(options_, 3);
  options_.replica = 1;
  EXPECT_NE(Batches(options_, 3), first);
}

TEST_F(TrainingLoaderTest, AnOddBatchIsFineWithoutMixing) {
  options_.augmentation = AugmentationConfig::None();
  options_.label_smoothing = 0;
  options_.batch_size = 5;
  const Content batch = Batches(options_, 1).front();
  for (size_t row = 0; row < 5; ++row) {
    const auto target = batch.targets.begin() + static_cast<int64_t>(row * 3);
    EXPECT_EQ(std::count(target, target + 3, 1.0F), 1) << row;
    EXPECT_EQ(std::count(target, target + 3, 0.0F), 2) << row;
  }
}

TEST_F(TrainingLoaderTest, UnreadableImagesAreReplacedByTheNextAndCountedOnce) {
  files_["train/diagonal/0003.png"] = "no image";
  files_["train/diagonal/0004.png"] = "";
  options_.augmentation = AugmentationConfig::None();
  options_.max_unreadable_share = 0.1;
  const auto loader = Create(options_);
  TrainingBatch batch;
  std::vector<std::string> named;
  for (int i = 0; i < 12; ++i) {
    auto next = loader->Next();
    ASSERT_TRUE(next.ok()) << next.status();
    batch = *std::move(next);
    named.insert(named.end(), batch.newly_unreadable.begin(), batch.newly_unreadable.end());
    EXPECT_TRUE(i < 3 || batch.unreadable == 2) << "after an epoch";
  }
  EXPECT_EQ(batch.unreadable, 2);
  EXPECT_THAT(named, testing::UnorderedElementsAre(HasSubstr("train/diagonal/0003.png: "),
                                                   HasSubstr("train/diagonal/0004.png: ")));
  const std::vector<Content> once = Batches(options_, 8);
  options_.threads = 4;
  EXPECT_EQ(Batches(options_, 8), once);
}

TEST_F(TrainingLoaderTest, TooManyUnreadableImagesEndIt) {
  for (const char* name : {"0001", "0003", "0006"}) {
    files_["train/diagonal/" + std::string(name) + ".png"] = "no image";
  }
  options_.max_unreadable_share = 0.1;  // 2.4 of 24
  const auto loader = Create(options_);
  absl::Status status;
  for (int i = 0; i < 4 && status.ok(); ++i) status = loader->Next().status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("3 of 24 images are unreadable, wanted a share of 0.1"));
  EXPECT_THAT(status.message(), HasSubstr("train/diagonal/000"));
  EXPECT_THAT(status.message(), HasSubstr("wanted a JPEG, PNG or WebP file"));
  EXPECT_EQ(loader->Next().status(), status);
}

TEST_F(TrainingLoaderTest, WithoutAnyReadableImageItFailsWhateverTheShare) {
  for (auto& [path, content] : files_) content = "no image";
  options_.max_unreadable_share = 1;
  const auto loader = Create(options_);
  EXPECT_THAT(loader->Next().status().message(), HasSubstr("none of 24 images is readable"));
}

TEST_F(TrainingLoaderTest, BadOptionsAreRefusedNamingTheField) {
  const auto message = [this](const std::function<void(TrainingLoaderOptions&)>& change) {
    TrainingLoaderOptions options = options_;
    change(options);
    const absl::Status status = CreateError(options);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  };
  using Options = TrainingLoaderOptions;
  EXPECT_THAT(message([](Options& o) { o.batch_size = 0; }), HasSubstr("batch_size: 0, wanted at"));
  EXPECT_THAT(message([](Options& o) { o.batch_size = 5; }),
              HasSubstr("batch_size: 5, wanted an even number"));
  EXPECT_THAT(message([](Options& o) { o.batch_size = 26; }),
              HasSubstr("batch_size: 26, wanted at most the 24 images"));
  EXPECT_THAT(message([](Options& o) { o.replicas = 4; }), HasSubstr("a multiple of the 4"));
  EXPECT_THAT(message([](Options& o) { o.replicas = 2; }), HasSubstr("an even number for each"));
  EXPECT_THAT(message([](Options& o) { o.replica = 1; }), HasSubstr("replica: 1, wanted 0 to 0"));
  EXPECT_THAT(message([](Options& o) { o.height = 0; }), HasSubstr("height: 0"));
  EXPECT_THAT(message([](Options& o) { o.label_smoothing = 1; }), HasSubstr("label_smoothing: 1"));
  EXPECT_THAT(message([](Options& o) { o.max_unreadable_share = 2; }),
              HasSubstr("max_unreadable_share: 2"));
  EXPECT_THAT(message([](Options& o) { o.first_step = -1; }), HasSubstr("first_step: -1"));
  EXPECT_THAT(message([](Options& o) { o.augmentation.flip = 2; }), HasSubstr("augmentation.flip"));
  EXPECT_THAT(message([](Options& o) { o.threads = 0; }), HasSubstr("threads: 0"));
  EXPECT_THAT(message([](Options& o) { o.prefetch = 0; }), HasSubstr("prefetch: 0"));
}

TEST(SyntheticLoaderTest, GivesRandomImagesOfOneClassEach) {
  const auto host = CreateHostAllocator(Device::Cpu());
  const auto loader = SyntheticLoader::Create(
      {.batch_size = 8, .height = 16, .width = 12, .classes = 5, .steps_per_epoch = 7}, *host);
  ASSERT_TRUE(loader.ok()) << loader.status();
  EXPECT_EQ((*loader)->steps_per_epoch(), 7);
  const auto batch = (*loader)->Next();
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->images.shape(), Shape({8, 3, 16, 12}));
  const std::vector<float> targets = Values(batch->targets);
  EXPECT_EQ(targets.size(), 40U);
  EXPECT_EQ(std::count(targets.begin(), targets.end(), 1.0F), 8);
  EXPECT_EQ(std::count(targets.begin(), targets.end(), 0.0F), 32);
  EXPECT_THAT(SyntheticLoader::Create({.classes = 0}, *host).status().message(),
              HasSubstr("classes: 0, wanted at least 1"));
}

}  // namespace
}  // namespace localmamba
