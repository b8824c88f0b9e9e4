#include "kernels/conv/transposed_conv2d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/support/backend.h"
#include "tests/support/golden_operators.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

// In double precision, straight from the definition.
std::vector<double> Reference(const std::vector<double>& x, const Shape& shape,
                              const std::vector<double>& weight, int64_t k, int64_t O,
                              const std::vector<double>& bias, bool relu) {
  const int64_t C = shape[3];
  const int64_t rows = k * shape[1];
  const int64_t columns = k * shape[2];
  std::vector<double> y;
  for (int64_t i = 0; i < shape[0] * rows * columns * O; ++i) {
    const int64_t o = i % O;
    const int64_t column = i / O % columns;
    const int64_t row = i / (O * columns) % rows;
    const int64_t cell = (i / (O * columns * rows) * shape[1] + row / k) * shape[2] + column / k;
    double sum = bias.empty() ? 0 : bias[static_cast<size_t>(o)];
    for (int64_t c = 0; c < C; ++c) {
      sum += weight[static_cast<size_t>(((row % k * k + column % k) * O + o) * C + c)] *
             x[static_cast<size_t>(cell * C + c)];
    }
    y.push_back(relu ? std::max(sum, 0.0) : sum);
  }
  return y;
}

struct TransposedConv2dCase {
  std::string name;
  Shape x;
  int64_t k, O;
  Activation activation = Activation::kIdentity;
  bool bias = true;
};

class TransposedConv2dTest : public BackendTest<TransposedConv2dCase> {};

TEST_P(TransposedConv2dTest, AgreesWithReference) {
  const TransposedConv2dCase& c = test_case();
  const int64_t C = c.x[3];
  TestTensor x = TestTensor::Random(c.x, 1);
  TestTensor weight = TestTensor::Random({c.k, c.k, c.O, C}, 2);
  TestTensor bias = c.bias ? TestTensor::Random({c.O}, 3) : TestTensor();
  TestTensor y({c.x[0], c.k * c.x[1], c.k * c.x[2], c.O});
  ASSERT_TRUE(Fetch(TransposedConv2d({.x = Data(x),
                                      .weight = Data(weight),
                                      .bias = Float32(bias),
                                      .activation = c.activation,
                                      .y = Data(y)},
                                     stream())));
  ExpectNear(
      y.values(),
      Reference(x.values(), c.x, weight.values(), c.k, c.O, bias.values(),
                c.activation == Activation::kRelu),
      1.2e-7 * static_cast<double>(C) + 1e-6 + Roundoff() * (1 + std::sqrt(static_cast<double>(C))),
      Roundoff());  // a sum of C products, rounded before the bias is added
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, TransposedConv2dTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(
            TransposedConv2dCase{"Small", {2, 3, 4, 5}, 2, 3},
            TransposedConv2dCase{"OneCell", {1, 1, 1, 1}, 2, 1},
            TransposedConv2dCase{"WithoutBias", {1, 5, 3, 7}, 2, 4, Activation::kIdentity, false},
            TransposedConv2dCase{"Relu", {3, 14, 14, 32}, 2, 33, Activation::kRelu},
            TransposedConv2dCase{"WholeVectors", {2, 14, 13, 64}, 2, 32, Activation::kRelu},
            TransposedConv2dCase{"WindowOfThree", {1, 2, 3, 4}, 3, 2},
            TransposedConv2dCase{"ManyChunks", {1, 40, 41, 16}, 2, 257})),
    BackendCaseName);

TEST(TransposedConv2dTest, AgreesWithGoldenOperators) {
  const GoldenTensors golden = GoldenOperators();
  const std::vector<float> x = ChannelsLast(golden.at("tconv.in"));
  const GoldenTensor& official = golden.at("tconv.weight");  // (5, 3, 2, 2)
  std::vector<float> weight;
  for (size_t i = 0; i < official.f32.size(); ++i) {
    const size_t window = i / 15;  // p * 2 + q
    weight.push_back(official.f32[(i % 5 * 3 + i / 5 % 3) * 4 + window]);
  }
  TestTensor y({2, 6, 8, 3});
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  ASSERT_TRUE(TransposedConv2d({.x = {x.data(), DType::kFloat32, {2, 3, 4, 5}},
                                .weight = {weight.data(), DType::kFloat32, {2, 2, 3, 5}},
                                .bias = golden.at("tconv.bias").view(),
                                .y = y.view()},
                               stream)
                  .ok());
  ExpectNear(y.values(), Doubles(ChannelsLast(golden.at("tconv.out"))), 2e-5, 1e-5);
}

TEST(TransposedConv2dTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 3, 4, 5});
  TestTensor weight({2, 3, 6, 5});
  const absl::Status status = TransposedConv2d({.x = x.view(), .weight = weight.view()}, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("transposed_conv2d: \"weight\" is f32[2,3,6,5] on cpu, wanted a square"));
}

}  // namespace
}  // namespace localmamba
