// The published networks with deterministic parameters against the official code in float64.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/support/golden.h"
#include "tests/support/golden_network.h"

namespace localmamba {
namespace {

class GoldenFullSizeTest : public testing::TestWithParam<nlohmann::json> {};

void ExpectLogits(absl::Span<const float> logits, const nlohmann::json& expected, double relative) {
  const auto top_index = expected.at("top5_index").get<std::vector<size_t>>();
  const auto top_logit = expected.at("top5_logit").get<std::vector<double>>();
  const auto first = expected.at("first16").get<std::vector<double>>();
  double largest = 0;
  for (const float logit : logits) largest = std::max(largest, std::abs(double{logit}));
  const double tolerance = relative * largest;
  for (size_t i = 0; i < top_index.size(); ++i) {
    EXPECT_NEAR(logits[top_index[i]], top_logit[i], tolerance) << "top " << i;
  }
  for (size_t i = 0; i < first.size(); ++i) EXPECT_NEAR(logits[i], first[i], tolerance) << i;

  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::partial_sort(order.begin(), order.begin() + 5, order.end(),
                    [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  order.resize(5);
  EXPECT_EQ(order, top_index);

  const double n = static_cast<double>(logits.size());
  EXPECT_NEAR(std::accumulate(logits.begin(), logits.end(), 0.0), expected.at("sum").get<double>(),
              tolerance * std::sqrt(n));
  const double sumsq = expected.at("sumsq").get<double>();
  EXPECT_NEAR(std::inner_product(logits.begin(), logits.end(), logits.begin(), 0.0), sumsq,
              2 * relative * sumsq);
}

TEST_P(GoldenFullSizeTest, LogitsAreThoseOfTheOfficialCode) {
  const nlohmann::json& golden = GetParam();
  for (const auto& [name, expected] : golden.at("values").items()) {
    const VerticalReverse reverse =
        name == "official" ? VerticalReverse::kOfficial : VerticalReverse::kExact;
    const auto engine = DeterministicEngine(GoldenNetworkConfig(golden, reverse));
    EXPECT_EQ(engine->network().parameters().TrainableElements(),
              golden.at("parameters").get<int64_t>());
    const EngineOutput output = RunDeterministicInput(*engine, GoldenInputShape(golden));
    ExpectLogits(Elements(output.logits), expected,
                 golden.at("tolerance").at("forward").get<double>());
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenFullSizeTest, testing::ValuesIn(GoldenCases("full_size")),
                         [](const auto& info) {
                           return info.param.at("id").template get<std::string>();
                         });

}  // namespace
}  // namespace localmamba
