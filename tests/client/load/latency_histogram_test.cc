#include "client/load/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

namespace localmamba::client {
namespace {

TEST(LatencyHistogramTest, IsZeroWithoutValues) {
  const LatencyHistogram empty;
  EXPECT_EQ(empty.count(), 0);
  EXPECT_EQ(empty.mean(), absl::ZeroDuration());
  EXPECT_EQ(empty.Quantile(0.99), absl::ZeroDuration());
  EXPECT_EQ(empty.Quantile(1), absl::ZeroDuration());
}

TEST(LatencyHistogramTest, SmallValuesAreExact) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Record(absl::Microseconds(i));
  EXPECT_EQ(histogram.count(), 100);
  EXPECT_EQ(histogram.mean(), absl::Microseconds(50.5));
  EXPECT_EQ(histogram.Quantile(0), absl::Microseconds(1));
  EXPECT_EQ(histogram.Quantile(0.5), absl::Microseconds(50));
  EXPECT_EQ(histogram.Quantile(0.99), absl::Microseconds(99));
  EXPECT_EQ(histogram.Quantile(1), absl::Microseconds(100));
}

TEST(LatencyHistogramTest, QuantilesOfAnyMagnitudeAreWithinAThousandth) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(0, 10);  // 1 us to almost 3 hours
  LatencyHistogram histogram;
  std::vector<double> values(10'000);
  for (double& value : values) {
    value = std::floor(std::pow(10, exponent(random)));
    histogram.Record(absl::Microseconds(value));
  }
  std::sort(values.begin(), values.end());
  for (const double quantile : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = values[static_cast<size_t>(std::ceil(quantile * 10'000)) - 1];
    const double found = absl::ToDoubleMicroseconds(histogram.Quantile(quantile));
    EXPECT_GE(found, exact) << quantile;
    EXPECT_LE(found, exact * 1.001) << quantile;
  }
}

TEST(LatencyHistogramTest, WhatClocksGiveBackwardsCountsAsZero) {
  LatencyHistogram histogram;
  histogram.Record(absl::Microseconds(-5));
  EXPECT_EQ(histogram.Quantile(1), absl::ZeroDuration());
}

}  // namespace
}  // namespace localmamba::client
