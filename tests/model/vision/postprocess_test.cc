#include "model/vision/postprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace localmamba {
namespace {

using ::testing::HasSubstr;

class TopClassesTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::vector<ClassScore>> Top(std::vector<float> logits, int64_t k,
                                              const std::vector<std::string>& labels = {}) {
    const ConstTensorView view(logits.data(), DType::kFloat32,
                               {static_cast<int64_t>(logits.size())});
    return TopClasses(view, k, labels, stream_);
  }

  Stream stream_ = Stream::Create(Device::Cpu(), 1).value();
};

TEST_F(TopClassesTest, GivesNamesAndProbabilitiesBestFirst) {
  const auto top = Top({1, 3, -2, 3}, 3, {"a", "b", "c", "d"});
  ASSERT_TRUE(top.ok()) << top.status();
  ASSERT_EQ(top->size(), 3);
  const double sum = std::exp(1) + 2 * std::exp(3) + std::exp(-2);
  const std::vector<int64_t> ids = {1, 3, 0};
  const std::vector<std::string> names = {"b", "d", "a"};
  const std::vector<float> logits = {3, 3, 1};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*top)[i].class_id, ids[i]);
    EXPECT_EQ((*top)[i].name, names[i]);
    EXPECT_EQ((*top)[i].logit, logits[i]);
    // A few roundings of exp, the sum and the quotient.
    EXPECT_NEAR((*top)[i].probability, std::exp(logits[i]) / sum, 1e-6);
  }
}

TEST_F(TopClassesTest, ModelsWithoutLabelsGiveNoNames) {
  const auto top = Top({1, 2}, 2);
  ASSERT_TRUE(top.ok()) << top.status();
  EXPECT_EQ((*top)[0].class_id, 1);
  EXPECT_EQ((*top)[0].name, "");
}

TEST_F(TopClassesTest, RefusesKOutOfRange) {
  for (const int64_t k : {-1, 0, 4}) {
    const auto top = Top({1, 2, 3}, k);
    EXPECT_EQ(top.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(top.status().message()),
                HasSubstr("top_k: " + std::to_string(k) + ", wanted 1 to 3"));
  }
}

TEST_F(TopClassesTest, RefusesLogitsAndLabelsThatDoNotFit) {
  EXPECT_THAT(std::string(Top({1, 2, 3}, 1, {"a"}).status().message()),
              HasSubstr("1 labels, wanted none or 3"));
  std::vector<float> logits(6);
  const auto matrix =
      TopClasses(ConstTensorView(logits.data(), DType::kFloat32, {2, 3}), 1, {}, stream_);
  EXPECT_EQ(matrix.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(matrix.status().message()), HasSubstr("\"logits\" is f32[2,3]"));
}

}  // namespace
}  // namespace localmamba
