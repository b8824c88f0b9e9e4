#include "model/metrics/top_k.h"

#include <gtest/gtest.h>

#include <cmath>

namespace localmamba {
namespace {

TEST(TopKAccuracyTest, CountsFirstAndFirstFive) {
  TopKAccuracy accuracy;
  const float logits[] = {0, 1, 2, 3, 4, 5, 6};
  for (int64_t label = 0; label < 7; ++label) accuracy.Add(logits, label);
  EXPECT_EQ(accuracy.images(), 7);
  EXPECT_DOUBLE_EQ(accuracy.top1(), 1.0 / 7);
  EXPECT_DOUBLE_EQ(accuracy.top5(), 5.0 / 7);
}

TEST(TopKAccuracyTest, OfEqualLogitsTheFirstClassIsAhead) {
  TopKAccuracy accuracy;
  accuracy.Add({1, 1}, 0);
  EXPECT_EQ(accuracy.top1(), 1);
  accuracy.Add({1, 1}, 1);
  EXPECT_EQ(accuracy.top1(), 0.5);
}

TEST(TopKAccuracyTest, ALabelThatIsNotANumberIsNeverFirst) {
  TopKAccuracy accuracy;
  accuracy.Add({NAN, 0, NAN}, 0);
  accuracy.Add({NAN, 0, NAN}, 1);
  EXPECT_EQ(accuracy.top1(), 0.5);
}

TEST(TopKAccuracyTest, LossIsTheMeanCrossEntropy) {
  TopKAccuracy accuracy;
  accuracy.Add({1000, 1000}, 0);
  accuracy.Add({0, std::log(3.0F)}, 0);
  EXPECT_NEAR(accuracy.loss(), (std::log(2.0) + std::log(4.0)) / 2, 1e-6);
}

TEST(TopKAccuracyTest, OfNothingIsZero) { EXPECT_EQ(TopKAccuracy().top1(), 0); }

}  // namespace
}  // namespace localmamba
