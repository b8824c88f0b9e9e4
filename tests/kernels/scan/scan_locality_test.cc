#include "kernels/scan/scan_locality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace localmamba {
namespace {

using ::testing::ElementsAre;

ScanLocality Measure(const char* direction, int64_t height, int64_t width) {
  return MeasureScanLocality(*ScanDirection::Parse(direction), height, width);
}

TEST(ScanLocalityTest, RowsKeepHorizontalNeighboursAdjacent) {
  const ScanLocality locality = Measure("h", 3, 4);
  EXPECT_EQ(locality.sequence_length, 12);
  EXPECT_EQ(locality.padding_share, 0.0);
  // 3 * 3 horizontal pairs at distance 1, 2 * 4 vertical ones at 4, diagonals at 3 and 5.
  EXPECT_THAT(locality.four.pairs_at, ElementsAre(9, 0, 0, 8));
  EXPECT_EQ(locality.four.pairs, 17);
  EXPECT_EQ(locality.four.maximum, 4);
  EXPECT_DOUBLE_EQ(locality.four.mean, (9 * 1 + 8 * 4) / 17.0);
  EXPECT_THAT(locality.eight.pairs_at, ElementsAre(9, 0, 6, 8, 6));
  EXPECT_EQ(locality.eight.maximum, 5);
}

TEST(ScanLocalityTest, WindowsShortenMostDistances) {
  // 0 1 4 5 | 2 3 6 7 || 8 9 12 13 | 10 11 14 15: positions by rows are
  // 0 1 4 5 / 2 3 6 7 / 8 9 12 13 / 10 11 14 15.
  const ScanLocality locality = Measure("w2", 4, 4);
  // Distance 1: 8 horizontal pairs inside windows; 2: 8 vertical ones; 3 and 6 across windows.
  EXPECT_THAT(locality.four.pairs_at, ElementsAre(8, 8, 4, 0, 0, 4));
}

TEST(ScanLocalityTest, FlipChangesNothing) {
  EXPECT_EQ(Measure("w3", 7, 5).eight.pairs_at, Measure("w3_flip", 7, 5).eight.pairs_at);
}

TEST(ScanLocalityTest, ColumnsOfAGridAreRowsOfItsTranspose) {
  EXPECT_EQ(Measure("v", 6, 4).eight.pairs_at, Measure("h", 4, 6).eight.pairs_at);
}

TEST(ScanLocalityTest, CountsPadding) {
  const ScanLocality locality = Measure("w2", 7, 7);
  EXPECT_EQ(locality.sequence_length, 64);
  EXPECT_DOUBLE_EQ(locality.padding_share, 15 / 64.0);
}

TEST(ScanLocalityTest, OneCellHasNoNeighbours) {
  const ScanLocality locality = Measure("w3", 1, 1);
  EXPECT_EQ(locality.four.pairs, 0);
  EXPECT_EQ(locality.four.mean, 0.0);
}

}  // namespace
}  // namespace localmamba
