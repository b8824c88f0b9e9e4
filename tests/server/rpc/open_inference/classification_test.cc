#include "server/rpc/open_inference/classification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "server/rpc/open_inference/tensor_contents.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;

std::vector<std::string> Largest(const std::vector<float>& values, int64_t k,
                                 const std::vector<std::string>& labels = {}) {
  std::string raw;
  const int64_t count = AppendLargest(values, k, labels, raw);
  const auto elements = SplitRawBytes({.name = "output", .elements = static_cast<size_t>(count)},
                                      {reinterpret_cast<const uint8_t*>(raw.data()), raw.size()});
  EXPECT_TRUE(elements.ok()) << elements.status();
  std::vector<std::string> result;
  for (const ByteSpan& element : *elements) result.emplace_back(element.begin(), element.end());
  return result;
}

TEST(ClassificationTest, SortsByFallingValueAndNamesIndexAndLabel) {
  EXPECT_THAT(Largest({0.25F, 0.5F, 0.125F}, 2, {"tench", "goldfish", "shark"}),
              ElementsAre("0.500000:1:goldfish", "0.250000:0:tench"));
}

TEST(ClassificationTest, WithoutLabelsThereIsTheIndexAlone) {
  EXPECT_THAT(Largest({-1.5F, 2}, 1), ElementsAre("2.000000:1"));
}

TEST(ClassificationTest, MoreThanThereAreMeansAll) {
  EXPECT_THAT(Largest({1, 2}, 1'000'000'000), ElementsAre("2.000000:1", "1.000000:0"));
}

TEST(ClassificationTest, EqualValuesAreInTheOrderOfTheirIndex) {
  EXPECT_THAT(Largest({3, 5, 3, 3}, 3), ElementsAre("5.000000:1", "3.000000:0", "3.000000:2"));
}

TEST(ClassificationTest, ValuesThatAreNoNumberComeLast) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_THAT(Largest({kNan, -kInfinity, kNan, kInfinity}, 4),
              ElementsAre("inf:3", "-inf:1", "nan:0", "nan:2"));
}

}  // namespace
}  // namespace localmamba::server
