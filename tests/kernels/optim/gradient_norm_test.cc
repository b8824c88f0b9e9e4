#include "kernels/optim/gradient_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct NormCase {
  std::string name;
  std::vector<Shape> shapes;
  double largest = 1.0;  // of the elements
};

class GradientNormTest : public BackendTest<NormCase> {};

TEST_P(GradientNormTest, IsTheRootOfTheSumOfSquares) {
  const NormCase& c = test_case();
  std::deque<TestTensor> tensors;
  std::vector<ConstTensorView> views;
  double sum = 0.0;
  for (const Shape& shape : c.shapes) {
    const auto seed = static_cast<uint32_t>(tensors.size());
    tensors.push_back(TestTensor::Random(shape, seed, -c.largest, c.largest));
    views.push_back(Data(tensors.back()));
    for (const double value : tensors.back().values()) sum += value * value;
  }
  TestTensor norm{Shape()};
  ASSERT_TRUE(Fetch(GradientNorm(views, Data(norm), stream())));
  ExpectNear(norm.values(), {std::sqrt(sum)}, 0.0, 1.2e-7);  // one rounding to float32
}

INSTANTIATE_TEST_SUITE_P(
    Lists, GradientNormTest,
    testing::Combine(
        testing::ValuesIn(Float32Backends()),
        testing::Values(
            NormCase{.name = "NoTensors"}, NormCase{.name = "OneElement", .shapes = {Shape{1}}},
            NormCase{.name = "SeveralShapes", .shapes = {{17}, {70001}, {3, 5, 7}, {4096}, {33}}},
            // Squares overflow and underflow float32.
            NormCase{.name = "LargeElements", .shapes = {{100}, {33}}, .largest = 1e30},
            NormCase{.name = "SmallElements", .shapes = {{100}, {33}}, .largest = 1e-30})),
    BackendCaseName);

struct NonFiniteCase {
  std::string name;
  float value;
};

class NonFiniteGradientTest : public BackendTest<NonFiniteCase> {};

TEST_P(NonFiniteGradientTest, ShowsInTheNorm) {
  TestTensor first = TestTensor::Random({5000}, 1);
  TestTensor second = TestTensor::Random({4099}, 2);
  second.storage().back() = test_case().value;
  const std::vector<ConstTensorView> views = {Data(first), Data(second)};
  TestTensor norm{Shape()};
  ASSERT_TRUE(Fetch(GradientNorm(views, Data(norm), stream())));
  EXPECT_FALSE(std::isfinite(norm.values()[0]));
}

INSTANTIATE_TEST_SUITE_P(
    Values, NonFiniteGradientTest,
    testing::Combine(
        testing::ValuesIn(Float32Backends()),
        testing::Values(NonFiniteCase{"Infinity", std::numeric_limits<float>::infinity()},
                        NonFiniteCase{"MinusInfinity", -std::numeric_limits<float>::infinity()},
                        NonFiniteCase{"Nan", std::numeric_limits<float>::quiet_NaN()})),
    BackendCaseName);

TEST(GradientNormTest, DoesNotDependOnTheThreads) {
  TestTensor a = TestTensor::Random({100001}, 1);
  TestTensor b = TestTensor::Random({777}, 2);
  const std::vector<ConstTensorView> tensors = {a.view(), b.view()};
  std::vector<float> norms(2);
  for (const int threads : {1, 4}) {
    Stream stream = *Stream::Create(Device::Cpu(), threads);
    float& norm = norms[threads == 1 ? 0 : 1];
    ASSERT_TRUE(GradientNorm(tensors, {&norm, DType::kFloat32, Shape()}, stream).ok());
  }
  EXPECT_EQ(norms[0], norms[1]);
}

TEST(GradientNormTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor norm{Shape()};
  TestTensor tensor({3});
  const std::vector<ConstTensorView> tensors = {tensor.view(), {}};
  const absl::Status status = GradientNorm(tensors, norm.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("gradient_norm: \"gradient 1\" is"));
  EXPECT_THAT(std::string(GradientNorm({}, tensor.view(), stream).message()),
              HasSubstr("\"norm\" is f32[3] on cpu, wanted f32[] on cpu"));
}

}  // namespace
}  // namespace localmamba
