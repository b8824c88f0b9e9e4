#include "model/data/keep_ratio_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/vision/decode.h"
#include "tests/support/images.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// PNG images of different sizes; those named are damaged.
class FakeImages final : public ImageList {
 public:
  explicit FakeImages(int64_t size) {
    for (int i = 0; i < size; ++i) files_.push_back(EncodePng(MakeImage(20 + i, 30)));
  }
  void Damage(int64_t index) { files_[static_cast<size_t>(index)].resize(20); }

  [[nodiscard]] int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  [[nodiscard]] std::string path(int64_t index) const override {
    return absl::StrCat("fake/", index, ".png");
  }
  [[nodiscard]] absl::StatusOr<std::vector<uint8_t>> Read(int64_t index,
                                                          size_t /*max_bytes*/) const override {
    return files_[static_cast<size_t>(index)];
  }

 private:
  std::vector<Bytes> files_;
};

class KeepRatioLoaderTest : public testing::Test {
 protected:
  KeepRatioLoaderTest() {
    options_.preprocess = {.long_side = 64, .short_side = 40};
    options_.threads = 3;
    options_.prefetch = 4;
  }
  std::unique_ptr<KeepRatioLoader> Create(std::vector<int64_t> indices) {
    auto loader = KeepRatioLoader::Create(images_, std::move(indices), options_, *memory_);
    EXPECT_TRUE(loader.ok()) << loader.status();
    return *std::move(loader);
  }

  const std::unique_ptr<Allocator> memory_ = CreateDeviceAllocator(Device::Cpu()).value();
  FakeImages images_{12};
  KeepRatioLoaderOptions options_;
};

TEST_F(KeepRatioLoaderTest, GivesImagesInOrderAsServingPreparesThem) {
  const auto loader = Create({1, 4, 5, 7, 8, 11});
  Stream stream = Stream::Create(Device::Cpu(), 1).value();
  std::vector<int64_t> indices;
  while (true) {
    const auto loaded = loader->Next();
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    if (!loaded->has_value()) break;
    indices.push_back((*loaded)->index);
    const DecodedImage decoded =
        DecodeImage(images_.Read(indices.back(), 0).value(), {}, *memory_).value();
    const PreparedImage expected =
        ResizeKeepRatio(options_.preprocess, {}, decoded.pixels, *memory_, stream).value();
    const Tensor& input = (*loaded)->image.input;
    ASSERT_EQ(input.shape(), expected.input.shape());
    EXPECT_EQ(std::memcmp(input.data<float>(), expected.input.data<float>(),
                          static_cast<size_t>(input.elements()) * sizeof(float)),
              0);
    EXPECT_EQ((*loaded)->image.geometry.source_height, 20 + indices.back());
  }
  EXPECT_THAT(indices, ElementsAre(1, 4, 5, 7, 8, 11));
  EXPECT_EQ(loader->unreadable(), 0);
}

TEST_F(KeepRatioLoaderTest, LeavesOutUnreadableImagesUpToTheAllowedShare) {
  images_.Damage(2);
  images_.Damage(3);
  options_.max_unreadable_share = 0.3;
  const auto loader = Create({0, 2, 4, 5});
  for (const int64_t expected : {0, 4, 5}) EXPECT_EQ((*loader->Next())->index, expected);
  EXPECT_FALSE(loader->Next()->has_value());
  EXPECT_EQ(loader->unreadable(), 1);

  const auto failing = Create({0, 2, 3, 5});
  EXPECT_EQ((*failing->Next())->index, 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(std::string(failing->Next().status().message()),
                HasSubstr("2 of 4 images are unreadable, wanted a share of 0.3 at most; the last "
                          "one: fake/3.png: image: "));
  }
}

TEST(SampleEvenlyTest, IsSpreadOverAllImages) {
  EXPECT_THAT(SampleEvenly(10, 4), ElementsAre(0, 2, 5, 7));
  EXPECT_THAT(SampleEvenly(3, 5), ElementsAre(0, 1, 2));
  EXPECT_THAT(SampleEvenly(0, 5), IsEmpty());
}

}  // namespace
}  // namespace localmamba
