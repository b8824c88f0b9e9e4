#include "server/pipeline/response_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/metrics/server_metrics.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsNull;
using testing::NotNull;

Tensor TensorOf(std::vector<float> values) {
  auto owner = std::make_shared<std::vector<float>>(std::move(values));
  const TensorView view(owner->data(), DType::kFloat32, {1, static_cast<int64_t>(owner->size())});
  return Tensor::Share(view, owner);
}

std::vector<float> ValuesOf(const Tensor& tensor) {
  return {tensor.data<float>(), tensor.data<float>() + tensor.elements()};
}

ImageDigest Digest(uint8_t first) {
  ImageDigest digest = {};
  digest[0] = first;
  return digest;
}

class ResponseCacheTest : public testing::Test {
 protected:
  static CachedResponse Response(float value, size_t classes = 250) {
    return CachedResponse{.network = {.logits = TensorOf(std::vector<float>(classes, value)),
                                      .pooled = TensorOf({value})},
                          .geometry = {.source_height = 7}};
  }

  prometheus::Registry registry_;
  ServerMetrics text_{registry_};
  CacheMetrics metrics_{registry_};
};

TEST_F(ResponseCacheTest, FindsWhatWasInserted) {
  ResponseCache cache(1 << 20, metrics_);
  VersionResponses version(cache, "m", 1);
  EXPECT_THAT(version.Find(Digest(1)), IsNull());
  version.Insert(Digest(1), Response(3, 2));
  const auto found = version.Find(Digest(1));
  ASSERT_THAT(found, NotNull());
  EXPECT_THAT(ValuesOf(found->network.logits), ElementsAre(3, 3));
  EXPECT_THAT(ValuesOf(found->network.pooled), ElementsAre(3));
  EXPECT_EQ(found->geometry.source_height, 7);
  EXPECT_THAT(version.Find(Digest(2)), IsNull());
  EXPECT_THAT(text_.Text(),
              HasSubstr(R"(localmamba_response_cache_hits_total{model="m",version="1"} 1)"));
  EXPECT_THAT(text_.Text(),
              HasSubstr(R"(localmamba_response_cache_misses_total{model="m",version="1"} 2)"));
}

TEST_F(ResponseCacheTest, WhatIsRememberedOfABatchHasMemoryOfItsOwn) {
  const Tensor batch = TensorOf({1, 2, 3, 4}).Reshape({2, 2});
  const auto response =
      ToCachedResponse({.logits = batch.Slice(0, 1, 2), .pooled = {}, .batch_size = 2}, {});
  ASSERT_TRUE(response.ok()) << response.status();
  batch.data<float>()[2] = 9;
  EXPECT_THAT(ValuesOf(response->network.logits), ElementsAre(3, 4));
  EXPECT_TRUE(response->network.pooled.empty());
  EXPECT_EQ(response->network.batch_size, 0);
  EXPECT_EQ(response->bytes(), 2 * sizeof(float));
}

TEST_F(ResponseCacheTest, DropsWhatWasNotUsedForLongest) {
  ResponseCache cache(6000, metrics_);  // two of some 2400 bytes
  VersionResponses version(cache, "m", 1);
  version.Insert(Digest(1), Response(1));
  version.Insert(Digest(2), Response(2));
  EXPECT_THAT(version.Find(Digest(1)), NotNull());
  version.Insert(Digest(3), Response(3));
  EXPECT_THAT(version.Find(Digest(2)), IsNull());
  EXPECT_THAT(version.Find(Digest(1)), NotNull());
  EXPECT_THAT(version.Find(Digest(3)), NotNull());
  EXPECT_LE(metrics_.bytes().Value(), 6000);
}

TEST_F(ResponseCacheTest, WhatIsLargerThanTheCacheIsNotKeptAndDropsNothing) {
  ResponseCache cache(6000, metrics_);
  VersionResponses version(cache, "m", 1);
  version.Insert(Digest(1), Response(1));
  version.Insert(Digest(2), Response(2, 10'000));
  EXPECT_THAT(version.Find(Digest(2)), IsNull());
  EXPECT_THAT(version.Find(Digest(1)), NotNull());
}

TEST_F(ResponseCacheTest, AnswersAreOfOneVersionAndVanishWithIt) {
  ResponseCache cache(1 << 20, metrics_);
  VersionResponses other(cache, "m", 2);
  other.Insert(Digest(1), Response(2));
  {
    VersionResponses version(cache, "m", 1);
    EXPECT_THAT(version.Find(Digest(1)), IsNull());
    version.Insert(Digest(1), Response(1));
    version.Insert(Digest(2), Response(1));
  }
  VersionResponses reloaded(cache, "m", 1);
  EXPECT_THAT(reloaded.Find(Digest(1)), IsNull());
  EXPECT_THAT(other.Find(Digest(1)), NotNull());
  const double bytes = metrics_.bytes().Value();
  EXPECT_GT(bytes, 0);
  EXPECT_LT(bytes, 3000);
}

TEST_F(ResponseCacheTest, ManyThreadsFindAndInsert) {
  ResponseCache cache(20'000, metrics_);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      VersionResponses version(cache, "m", t + 1);
      for (int i = 0; i < 2000; ++i) {
        const auto image = static_cast<uint8_t>(i % 40);
        const auto found = version.Find(Digest(image));
        if (found == nullptr) {
          version.Insert(Digest(image), Response(image));
        } else {
          EXPECT_EQ(found->network.pooled.data<float>()[0], image);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(metrics_.bytes().Value(), 0);
}

TEST(ImageDigestTest, ItIsOfTheBytesAndOfTheSize) {
  const std::vector<uint8_t> bytes = {1, 2, 3, 4, 5, 6};
  const ImageDigest encoded = DigestOf(EncodedImage{.bytes = bytes});
  const ImageDigest wide = DigestOf(RawImage{.height = 1, .width = 2, .rgb = bytes});
  const ImageDigest high = DigestOf(RawImage{.height = 2, .width = 1, .rgb = bytes});
  EXPECT_NE(encoded, wide);
  EXPECT_NE(wide, high);
  const std::vector<uint8_t> same = bytes;
  EXPECT_EQ(encoded, DigestOf(EncodedImage{.bytes = same}));
}

}  // namespace
}  // namespace localmamba::server
