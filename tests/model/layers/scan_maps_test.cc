#include "model/layers/scan_maps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "kernels/device/stream.h"

namespace localmamba {
namespace {

using ClassToken = ScanMapCache::ClassToken;

class ScanMapCacheTest : public testing::Test {
 protected:
  std::unique_ptr<Allocator> heap_ = *CreateDeviceAllocator(Device::Cpu());
  Stream stream_ = *Stream::Create(Device::Cpu());
  OpContext context_{stream_, *heap_, DType::kFloat32};
};

std::vector<int32_t> Values(const Tensor& tensor) {
  return {tensor.data<int32_t>(), tensor.data<int32_t>() + tensor.elements()};
}

TEST_F(ScanMapCacheTest, MakesEachOrderOnce) {
  ScanMapCache cache(VerticalReverse::kExact, ClassToken::kNone);
  const LayerDirections directions = {*ScanDirection::Parse("v"), *ScanDirection::Parse("w2_flip")};
  const auto first = *cache.Get(context_, directions, 3, 5);
  const auto second = *cache.Get(context_, directions, 3, 5);
  const auto other = *cache.Get(context_, directions, 5, 3);
  for (size_t i = 0; i < directions.size(); ++i) {
    EXPECT_EQ(first[i].read.data<int32_t>(), second[i].read.data<int32_t>());
    EXPECT_NE(first[i].read.data<int32_t>(), other[i].read.data<int32_t>());
    const ScanOrder order = MakeScanOrder(directions[i], 3, 5, VerticalReverse::kExact);
    EXPECT_EQ(Values(first[i].read), order.read);
    EXPECT_EQ(Values(first[i].write), order.write);
  }
}

TEST_F(ScanMapCacheTest, KeepsTheGridsUsedLastAndRetainsWhatAPassReads) {
  ScanMapCache cache(VerticalReverse::kExact, ClassToken::kNone);
  const LayerDirections directions = {*ScanDirection::Parse("v")};
  const auto count = static_cast<int64_t>(ScanMapCache::kMaxGrids);
  std::vector<Tensor> retained;
  context_.retained = &retained;
  const int32_t* first = (*cache.Get(context_, directions, 1, 1))[0].read.data<int32_t>();
  ASSERT_EQ(retained.size(), 2U);
  EXPECT_EQ(retained[0].data<int32_t>(), first);
  for (int64_t i = 1; i < count; ++i) ASSERT_TRUE(cache.Get(context_, directions, 1, 1 + i).ok());
  EXPECT_EQ((*cache.Get(context_, directions, 1, 1))[0].read.data<int32_t>(), first);
  for (int64_t i = 0; i < count; ++i) ASSERT_TRUE(cache.Get(context_, directions, 2, 1 + i).ok());
  // `retained` still holds the first one's memory, so a new one lies elsewhere.
  EXPECT_NE((*cache.Get(context_, directions, 1, 1))[0].read.data<int32_t>(), first);
  EXPECT_EQ(retained[0].data<int32_t>()[0], 0);
}

TEST_F(ScanMapCacheTest, PutsTheClassTokenIntoEveryOrder) {
  ScanMapCache cache(VerticalReverse::kOfficial, ClassToken::kMiddle);
  const auto maps = *cache.Get(context_, {*ScanDirection::Parse("v")}, 2, 3);
  const ScanOrder order =
      MakeScanOrderWithClassToken(*ScanDirection::Parse("v"), 2, 3, VerticalReverse::kOfficial);
  EXPECT_EQ(Values(maps[0].read), order.read);
  EXPECT_EQ(Values(maps[0].write), order.write);
}

TEST_F(ScanMapCacheTest, RejectsAGridBeyondTheRangeOfItsIndices) {
  ScanMapCache cache(VerticalReverse::kExact, ClassToken::kNone);
  const absl::Status status =
      cache.Get(context_, {*ScanDirection::Parse("h")}, int64_t{1} << 20, int64_t{1} << 12)
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), testing::HasSubstr("direction h: a grid of 1048576x4096"));
}

}  // namespace
}  // namespace localmamba
