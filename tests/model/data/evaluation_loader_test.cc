#include "model/data/evaluation_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "kernels/image/normalize_pixels.h"
#include "model/data/dataset.h"
#include "model/vision/preprocess.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_dataset.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EvaluationLoaderTest : public testing::Test {
 protected:
  // Two images of each of 3 classes.
  EvaluationLoaderTest() : files_(MakeTinyDataset({.train_images = 1, .validation_images = 2})) {
    options_.batch_size = 4;
    options_.preprocess.resize_short_side = 28;
    options_.preprocess.crop_height = 24;
    options_.preprocess.crop_width = 20;
    options_.threads = 3;
  }

  std::unique_ptr<EvaluationLoader> Create() {
    folder_.Write(files_);
    const auto data = OpenDataset({.path = folder_.path()});
    EXPECT_TRUE(data.ok()) << data.status();
    store_ = ImageStore::Create(data->validation, {}).value();
    auto loader = EvaluationLoader::Create(store_, options_, *host_);
    EXPECT_TRUE(loader.ok()) << loader.status();
    return *std::move(loader);
  }

  // The image as serving prepares it.
  std::vector<float> Expected(int64_t index) {
    Stream stream = Stream::Create(Device::Cpu(), 1).value();
    const Tensor image = store_->Get(index).value();
    const Tensor crop = ResizeAndCrop(options_.preprocess, image, *host_, stream).value();
    std::vector<float> values(static_cast<size_t>(crop.elements()));
    const TensorView out(values.data(), DType::kFloat32, {1, 3, 24, 20});
    EXPECT_TRUE(NormalizePixels(crop.Reshape({1, 24, 20, 3}), {}, out, stream).ok());
    return values;
  }

  void ExpectImage(const EvaluationBatch& batch, int64_t row, int64_t index) {
    const Tensor image = batch.images.Select(0, row);
    EXPECT_EQ(std::vector<float>(image.data<float>(), image.data<float>() + image.elements()),
              Expected(index));
  }

  std::map<std::string, std::string> files_;
  const TemporaryFolder folder_;
  const std::unique_ptr<Allocator> host_ = CreateHostAllocator(Device::Cpu());
  std::shared_ptr<ImageStore> store_;
  EvaluationLoaderOptions options_;
};

TEST_F(EvaluationLoaderTest, GivesEveryImageOnceInOrderPreparedAsForServing) {
  const auto loader = Create();
  const auto first = loader->Next();
  ASSERT_TRUE(first.ok() && first->has_value()) << first.status();
  EXPECT_THAT((*first)->labels, ElementsAre(0, 0, 1, 1));
  ASSERT_EQ((*first)->images.shape(), Shape({4, 3, 24, 20}));
  for (int64_t row = 0; row < 4; ++row) ExpectImage(**first, row, row);
  const auto second = loader->Next();
  ASSERT_TRUE(second.ok() && second->has_value()) << second.status();
  EXPECT_THAT((*second)->labels, ElementsAre(2, 2));
  ASSERT_EQ((*second)->images.shape(), Shape({2, 3, 24, 20}));
  ExpectImage(**second, 1, 5);
  const auto end = loader->Next();
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_FALSE(end->has_value());
}

TEST_F(EvaluationLoaderTest, UnreadableImagesAreLeftOutAndCounted) {
  files_["val/diagonal/0000.png"] = "no image";
  files_["val/horizontal/0000.png"] = "no image";
  options_.max_unreadable_share = 0.5;
  const auto loader = Create();
  const auto first = loader->Next();
  ASSERT_TRUE(first.ok() && first->has_value()) << first.status();
  EXPECT_THAT((*first)->labels, ElementsAre(0, 1));
  EXPECT_EQ((*first)->unreadable, 2);
  ASSERT_EQ((*first)->images.shape(), Shape({2, 3, 24, 20}));
  ExpectImage(**first, 0, 1);
  ExpectImage(**first, 1, 3);
}

TEST_F(EvaluationLoaderTest, ABatchWithoutReadableImagesIsPassedOver) {
  files_["val/diagonal/0000.png"] = "no image";
  files_["val/diagonal/0001.png"] = "no image";
  options_.batch_size = 2;
  options_.max_unreadable_share = 0.5;
  const auto first = Create()->Next();
  ASSERT_TRUE(first.ok() && first->has_value()) << first.status();
  EXPECT_THAT((*first)->labels, ElementsAre(1, 1));
  EXPECT_EQ((*first)->unreadable, 2);
}

TEST_F(EvaluationLoaderTest, TooManyUnreadableImagesEndIt) {
  files_["val/diagonal/0000.png"] = "no image";
  const auto loader = Create();
  const absl::Status status = loader->Next().status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("1 of 6 images are unreadable"));
  EXPECT_THAT(status.message(), HasSubstr("val/diagonal/0000.png"));
  EXPECT_EQ(loader->Next().status(), status);
}

TEST_F(EvaluationLoaderTest, BadOptionsAreRefusedNamingTheField) {
  options_.batch_size = 0;
  EXPECT_THAT(Validate(options_).message(), HasSubstr("batch_size: 0, wanted at least 1"));
  options_.batch_size = 1;
  options_.preprocess.crop_height = 0;
  EXPECT_THAT(Validate(options_).message(), HasSubstr("crop_height"));
  options_.preprocess.crop_height = 1;
  options_.threads = 0;
  EXPECT_THAT(Validate(options_).message(), HasSubstr("threads: 0"));
}

}  // namespace
}  // namespace localmamba
