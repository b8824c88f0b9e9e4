#include "kernels/gemm/linear.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/reference/linear.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

enum class ResidualKind { kNone, kApart, kOtherStride, kInPlace };

struct LinearCase {
  std::string name;
  int64_t M, N, K;
  int64_t gap = 0;  // between the rows of x and y
  bool bias = true;
  Activation activation = Activation::kIdentity;
  ResidualKind residual = ResidualKind::kNone;
};

class LinearTest : public BackendTest<LinearCase> {};

TEST_P(LinearTest, AgreesWithReference) {
  const LinearCase& c = test_case();
  TestTensor x = TestTensor::Random({c.M, c.K}, 1, -1, 1, c.gap);
  TestTensor weight = TestTensor::Random({c.N, c.K}, 2);
  TestTensor bias = c.bias ? TestTensor::Random({c.N}, 3) : TestTensor();
  TestTensor y({c.M, c.N}, c.gap);
  TestTensor residual;
  if (c.residual != ResidualKind::kNone) {
    residual = TestTensor::Random({c.M, c.N}, 4, -1, 1,
                                  c.residual == ResidualKind::kOtherStride ? c.gap + 5 : c.gap);
    if (c.residual == ResidualKind::kInPlace) y = residual;
  }
  const LinearArgs args = {
      .x = Data(x),
      .weight = Data(weight),
      .bias = Float32(bias),
      .activation = c.activation,
      .residual = c.residual == ResidualKind::kInPlace ? Data(y) : Data(residual),
      .y = Data(y)};
  if (c.residual == ResidualKind::kInPlace) residual = y;  // as rounded
  const std::vector<double> expected = reference::Linear(
      x.values(), weight.values(), bias.values(), c.activation, residual.values(),
      static_cast<size_t>(c.M), static_cast<size_t>(c.N), static_cast<size_t>(c.K));

  ASSERT_TRUE(Fetch(Linear(args, stream())));

  // |sum| <= K+1 and each partial sum rounds by eps/2 of at most that; products of uniform values
  // stay near sqrt(K), so K * eps is generous. The activations are good to a few eps. With 16 bits
  // the bias (below 1), the product before the activation (near sqrt(K)) and y are rounded too.
  const double largest = 1.0 + 2.0 * std::sqrt(static_cast<double>(c.K));
  ExpectNear(y.values(), expected,
             1.2e-7 * static_cast<double>(c.K) + 1e-6 + 1.2 * Roundoff() * largest, Roundoff());
  EXPECT_TRUE(y.GapsAreUntouched());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, LinearTest,
    testing::Combine(
        testing::ValuesIn(Backends()),
        testing::Values(
            LinearCase{.name = "OneElement", .M = 1, .N = 1, .K = 1},
            LinearCase{.name = "OneRow", .M = 1, .N = 1000, .K = 192},
            LinearCase{.name = "OneOutput", .M = 17, .N = 1, .K = 33},
            LinearCase{.name = "OneInput", .M = 33, .N = 17, .K = 1},
            LinearCase{.name = "OddSizesWithoutBias", .M = 33, .N = 17, .K = 65, .bias = false},
            LinearCase{.name = "StridedRows", .M = 17, .N = 33, .K = 31, .gap = 7},
            LinearCase{.name = "Silu", .M = 17, .N = 33, .K = 31, .activation = Activation::kSilu},
            LinearCase{.name = "Gelu", .M = 17, .N = 33, .K = 31, .activation = Activation::kGelu},
            LinearCase{
                .name = "Sigmoid", .M = 1, .N = 24, .K = 192, .activation = Activation::kSigmoid},
            LinearCase{.name = "Relu", .M = 17, .N = 33, .K = 31, .activation = Activation::kRelu},
            LinearCase{
                .name = "Residual", .M = 49, .N = 96, .K = 192, .residual = ResidualKind::kApart},
            LinearCase{.name = "ResidualWithStridedRows",
                       .M = 49,
                       .N = 33,
                       .K = 17,
                       .gap = 3,
                       .residual = ResidualKind::kApart},
            LinearCase{.name = "ResidualOfAnotherStride",
                       .M = 100,
                       .N = 33,
                       .K = 17,
                       .residual = ResidualKind::kOtherStride},
            LinearCase{.name = "ResidualInPlaceAfterActivation",
                       .M = 49,
                       .N = 96,
                       .K = 700,
                       .activation = Activation::kGelu,
                       .residual = ResidualKind::kInPlace},
            LinearCase{.name = "ResidualAfterActivation",
                       .M = 196,
                       .N = 384,
                       .K = 768,
                       .activation = Activation::kSilu,
                       .residual = ResidualKind::kApart},
            LinearCase{.name = "ResidualInPlaceInStridedRows",
                       .M = 17,
                       .N = 5,
                       .K = 3,
                       .gap = 4,
                       .residual = ResidualKind::kInPlace},
            LinearCase{
                .name = "InProjection", .M = 784, .N = 768, .K = 192, .gap = 8, .bias = false},
            LinearCase{.name = "OutProjectionWithResidualInPlace",
                       .M = 784,
                       .N = 192,
                       .K = 384,
                       .bias = false,
                       .residual = ResidualKind::kInPlace},
            LinearCase{.name = "RowsOfOddLength", .M = 196, .N = 44, .K = 12})),
    BackendCaseName);

TEST(LinearTest, ReusesAPrimitiveWithOtherMemory) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  for (const uint32_t seed : {10U, 20U}) {
    TestTensor x = TestTensor::Random({5, 7}, seed);
    TestTensor weight = TestTensor::Random({3, 7}, seed + 1);
    TestTensor y({5, 3});
    ASSERT_TRUE(Linear({.x = x.view(), .weight = weight.view(), .y = y.view()}, stream).ok());
    ExpectNear(
        y.values(),
        reference::Linear(x.values(), weight.values(), {}, Activation::kIdentity, {}, 5, 3, 7),
        1e-6);
  }
}

TEST(LinearTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({5, 7});
  TestTensor weight({3, 7});
  TestTensor y({5, 3});
  const auto message = [&](const LinearArgs& args) {
    const absl::Status status = Linear(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  TestTensor narrow({3, 6});
  EXPECT_THAT(message({.x = x.view(), .weight = narrow.view(), .y = y.view()}),
              HasSubstr("linear: \"weight\" is f32[3,6] on cpu, wanted f32[-1,7]"));
  EXPECT_THAT(message({.weight = weight.view(), .y = y.view()}), HasSubstr("\"x\" is"));
  EXPECT_THAT(message({.x = x.view(), .weight = weight.view(), .bias = x.view(), .y = y.view()}),
              HasSubstr("\"bias\""));
  EXPECT_THAT(
      message({.x = x.view(), .weight = weight.view(), .residual = x.view(), .y = y.view()}),
      HasSubstr("\"residual\""));
  EXPECT_THAT(message({.x = x.view(), .weight = weight.view(), .y = x.view()}), HasSubstr("\"y\""));
  TestTensor square({7, 7});
  EXPECT_THAT(message({.x = square.view(), .weight = square.view(), .y = square.view()}),
              HasSubstr("memory apart from x"));
  const TensorView wide = square.view();
  EXPECT_THAT(message({.x = x.view(),
                       .weight = weight.view(),
                       .residual = wide.Slice(0, 0, 5).Slice(1, 0, 3),
                       .y = wide.Reshape({49}).Slice(0, 0, 15).Reshape({5, 3})}),
              HasSubstr("the row stride of residual"));
}

TEST(LinearTest, IsUnimplementedForHalfPrecisionOnTheCpu) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  std::vector<uint16_t> values(16);
  const TensorView half(values.data(), DType::kFloat16, {2, 2});
  const TensorView y(values.data() + 4, DType::kFloat16, {2, 2});
  const absl::Status status = Linear({.x = half, .weight = half, .y = y}, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr("linear: not implemented for f16 on cpu"));
}

}  // namespace
}  // namespace localmamba
