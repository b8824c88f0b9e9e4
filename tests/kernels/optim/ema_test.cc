#include "kernels/optim/ema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct EmaCase {
  std::string name;
  std::vector<Shape> shapes;
  double decay = 0.9;
};

class EmaTest : public BackendTest<EmaCase> {};

TEST_P(EmaTest, MovesTheAverageTowardsTheValue) {
  const EmaCase& c = test_case();
  std::deque<TestTensor> values;
  std::deque<TestTensor> averages;
  std::vector<EmaTensor> tensors;
  std::vector<std::vector<double>> expected;
  for (const Shape& shape : c.shapes) {
    const auto seed = static_cast<uint32_t>(2 * values.size());
    values.push_back(TestTensor::Random(shape, seed));
    averages.push_back(TestTensor::Random(shape, seed + 1));
    tensors.push_back({.value = Data(values.back()), .average = Data(averages.back())});
    expected.push_back(averages.back().values());
    const std::vector<double> from = values.back().values();
    for (size_t i = 0; i < from.size(); ++i) {
      expected.back()[i] = c.decay * expected.back()[i] + (1.0 - c.decay) * from[i];
    }
  }
  ASSERT_TRUE(Fetch(UpdateEma(tensors, c.decay, stream())));
  for (size_t i = 0; i < averages.size(); ++i) {
    ExpectNear(averages[i].values(), expected[i], 2e-7);  // two products and their sum
  }
}

INSTANTIATE_TEST_SUITE_P(
    Lists, EmaTest,
    testing::Combine(testing::ValuesIn(Float32Backends()),
                     testing::Values(EmaCase{.name = "OneElement", .shapes = {Shape{1}}},
                                     EmaCase{.name = "SeveralShapes",
                                             .shapes = {{17}, {70001}, {3, 5, 7}}},
                                     EmaCase{.name = "ManyTensors",
                                             .shapes = std::vector<Shape>(300, Shape{5}),
                                             .decay = 0.9999})),
    BackendCaseName);

TEST(EmaTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor a({3});
  TestTensor b({4});
  const std::vector<EmaTensor> tensors = {{a.view(), a.view()}, {a.view(), b.view()}};
  const absl::Status status = UpdateEma(tensors, 0.9, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("ema: \"average 1\" is f32[4] on cpu, wanted f32[3] on cpu"));
  EXPECT_THAT(std::string(UpdateEma({}, 1.5, stream).message()),
              HasSubstr("ema: decay is 1.5, wanted 0 to 1"));
}

}  // namespace
}  // namespace localmamba
