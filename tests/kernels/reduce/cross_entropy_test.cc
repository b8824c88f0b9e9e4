#include "kernels/reduce/cross_entropy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/reference/cross_entropy.h"
#include "tests/support/backend.h"
#include "tests/support/finite_difference.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct CrossEntropyCase {
  std::string name;
  int64_t B, C;
  int64_t gap = 0;
  double offset = 0.0;  // of all logits
};

// Targets that are not quite distributions: the gradient must not take their sum for 1.
TestTensor Targets(const CrossEntropyCase& c) {
  return TestTensor::Random({c.B, c.C}, 2, 0, 2.0 / static_cast<double>(c.C));
}

double Mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

class CrossEntropyTest : public BackendTest<CrossEntropyCase> {};

TEST_P(CrossEntropyTest, AgreesWithReference) {
  const CrossEntropyCase& c = test_case();
  TestTensor logits = TestTensor::Random({c.B, c.C}, 1, c.offset - 10, c.offset + 10, c.gap);
  TestTensor targets = Targets(c);
  TestTensor loss{Shape()};
  TestTensor losses({c.B});
  const CrossEntropyArgs args = {.logits = Data(logits),
                                 .targets = Float32(targets),
                                 .loss = Float32(loss),
                                 .losses = Float32(losses)};
  const std::vector<double> expected =
      reference::CrossEntropy(logits.values(), targets.values(), static_cast<size_t>(c.C));

  ASSERT_TRUE(Fetch(CrossEntropy(args, stream())));

  // Sums of C terms that add up to about the loss, below 20: each addition rounds by 2^-24 of it.
  const double tolerance = 2e-6 * std::sqrt(static_cast<double>(c.C)) + 1e-5;
  ExpectNear(losses.values(), expected, tolerance);
  ExpectNear(loss.values(), {Mean(expected)}, tolerance);
}

TEST_P(CrossEntropyTest, GradientAgreesWithReferenceAlsoInPlace) {
  const CrossEntropyCase& c = test_case();
  TestTensor logits = TestTensor::Random({c.B, c.C}, 1, c.offset - 10, c.offset + 10, c.gap);
  TestTensor targets = Targets(c);
  TestTensor dloss = TestTensor::Random(Shape(), 3, 100, 200);
  TestTensor dlogits({c.B, c.C}, c.gap);
  const TensorView logits_view = Data(logits);
  CrossEntropyBackwardArgs args = {.logits = logits_view,
                                   .targets = Float32(targets),
                                   .dloss = Float32(dloss),
                                   .dlogits = Data(dlogits)};
  const double scale = dloss.values()[0];
  const std::vector<double> expected = reference::CrossEntropyBackward(
      logits.values(), targets.values(), static_cast<size_t>(c.C), scale);

  ASSERT_TRUE(CrossEntropyBackward(args, stream()).ok());
  args.dlogits = logits_view;
  ASSERT_TRUE(Fetch(CrossEntropyBackward(args, stream())));

  // The softmax is good to a few eps of it and of the logits' range. Results of float16 below
  // 2^-14 have steps of 2^-24.
  ExpectNear(dlogits.values(), expected, 4e-6 * scale / static_cast<double>(c.B), Roundoff());
  EXPECT_EQ(dlogits.values(), logits.values());
  EXPECT_TRUE(dlogits.GapsAreUntouched());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, CrossEntropyTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(CrossEntropyCase{"OneElement", 1, 1},
                          CrossEntropyCase{"TwoClasses", 7, 2},
                          CrossEntropyCase{"OddSizes", 5, 33, 3},
                          CrossEntropyCase{"ImageNet", 33, 1000},
                          CrossEntropyCase{"ImageNet22k", 3, 21841},
                          // exp(110) overflows float32 if the largest is not subtracted.
                          CrossEntropyCase{"LargeLogits", 4, 17, 0, 100})),
    BackendCaseName);

TEST(CrossEntropyReferenceTest, AgreesWithFiniteDifferences) {
  std::vector<double> logits = TestTensor::Random({3, 5}, 1, -3, 3).values();
  const std::vector<double> targets = TestTensor::Random({3, 5}, 2, 0, 1).values();
  ExpectGradient(reference::CrossEntropyBackward(logits, targets, 5, 2.0), logits,
                 [&] { return 2.0 * Mean(reference::CrossEntropy(logits, targets, 5)); });
}

TEST(CrossEntropyTest, TakesALossScaleOfOneIfThereIsNone) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor logits = TestTensor::Random({2, 3}, 1);
  TestTensor targets = TestTensor::Random({2, 3}, 2, 0, 1);
  TestTensor dlogits({2, 3});
  ASSERT_TRUE(
      CrossEntropyBackward(
          {.logits = logits.view(), .targets = targets.view(), .dlogits = dlogits.view()}, stream)
          .ok());
  ExpectNear(dlogits.values(),
             reference::CrossEntropyBackward(logits.values(), targets.values(), 3, 1.0), 1e-6);
}

TEST(CrossEntropyTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor logits({2, 5});
  TestTensor targets({2, 4});
  const absl::Status status =
      CrossEntropy({.logits = logits.view(), .targets = targets.view()}, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("cross_entropy: \"targets\" is f32[2,4] on cpu, wanted f32[2,5] on cpu"));
  const absl::Status no_scalar = CrossEntropyBackward({.logits = logits.view(),
                                                       .targets = logits.view(),
                                                       .dloss = targets.view(),
                                                       .dlogits = logits.view()},
                                                      stream);
  EXPECT_THAT(std::string(no_scalar.message()),
              HasSubstr("cross_entropy_backward: \"dloss\" is f32[2,4] on cpu, wanted f32[]"));
}

}  // namespace
}  // namespace localmamba
