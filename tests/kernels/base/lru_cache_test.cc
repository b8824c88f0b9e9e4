#include "kernels/base/lru_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace localmamba {
namespace {

TEST(LruCacheTest, DropsWhatWasNotUsedForTheLongestTime) {
  LruCache<int, std::string> cache(2);
  cache.Insert(1, "one");
  cache.Insert(2, "two");
  ASSERT_NE(cache.Find(1), nullptr);
  EXPECT_EQ(*cache.Insert(3, "three"), "three");
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(cache.Find(2), nullptr);
  ASSERT_NE(cache.Find(1), nullptr);
  EXPECT_EQ(*cache.Find(1), "one");
}

TEST(LruCacheTest, DropsOneAtATimeUntilItIsEmpty) {
  LruCache<int, int> cache(8);
  cache.Insert(1, 10);
  cache.Insert(2, 20);
  EXPECT_TRUE(cache.DropLeastRecent());
  EXPECT_EQ(cache.Find(1), nullptr);
  EXPECT_NE(cache.Find(2), nullptr);
  EXPECT_TRUE(cache.DropLeastRecent());
  EXPECT_FALSE(cache.DropLeastRecent());
  cache.Insert(1, 10);
  cache.Clear();
  EXPECT_EQ(cache.Find(1), nullptr);
}

}  // namespace
}  // namespace localmamba
