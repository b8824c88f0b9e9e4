#include "kernels/gemm/linear_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/linear.h"
#include "tests/reference/linear_backward.h"
#include "tests/support/backend.h"
#include "tests/support/finite_difference.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct LinearBackwardCase {
  std::string name;
  int64_t M, N, K;
  int64_t gap = 0;  // between the rows of x, dy and dx
  bool dx = true, dweight = true, dbias = true;
};

class LinearBackwardTest : public BackendTest<LinearBackwardCase> {};

TEST_P(LinearBackwardTest, AgreesWithReference) {
  const LinearBackwardCase& c = test_case();
  TestTensor x = TestTensor::Random({c.M, c.K}, 1, -1, 1, c.gap);
  TestTensor weight = TestTensor::Random({c.N, c.K}, 2);
  TestTensor dy = TestTensor::Random({c.M, c.N}, 3, -1, 1, c.gap);
  TestTensor dx = c.dx ? TestTensor({c.M, c.K}, c.gap) : TestTensor();
  TestTensor dweight = c.dweight ? TestTensor({c.N, c.K}) : TestTensor();
  TestTensor dbias = c.dbias ? TestTensor({c.N}) : TestTensor();
  const LinearBackwardArgs args = {.x = c.dweight ? Data(x) : TensorView(),
                                   .weight = c.dx ? Data(weight) : TensorView(),
                                   .dy = Data(dy),
                                   .dx = Data(dx),
                                   .dweight = Float32(dweight),
                                   .dbias = Float32(dbias)};
  const reference::LinearGradients expected =
      reference::LinearBackward(x.values(), weight.values(), dy.values(), static_cast<size_t>(c.M),
                                static_cast<size_t>(c.N), static_cast<size_t>(c.K));

  ASSERT_TRUE(Fetch(LinearBackward(args, stream())));

  // Sums of products, see linear_test.cc. Those of the parameters are float32 whatever the dtype.
  const auto sum_of = [](int64_t terms) { return 1.2e-7 * static_cast<double>(terms) + 1e-6; };
  if (c.dx) ExpectNear(dx.values(), expected.dx, sum_of(c.N), Roundoff());
  if (c.dweight) ExpectNear(dweight.values(), expected.dweight, sum_of(c.M));
  if (c.dbias) ExpectNear(dbias.values(), expected.dbias, sum_of(c.M));
  EXPECT_TRUE(dx.GapsAreUntouched());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, LinearBackwardTest,
    testing::Combine(
        testing::ValuesIn(Backends()),
        testing::Values(
            LinearBackwardCase{.name = "OneElement", .M = 1, .N = 1, .K = 1},
            LinearBackwardCase{.name = "OneRow", .M = 1, .N = 100, .K = 192},
            LinearBackwardCase{.name = "OneOutput", .M = 17, .N = 1, .K = 33},
            LinearBackwardCase{.name = "OneInput", .M = 33, .N = 17, .K = 1},
            LinearBackwardCase{.name = "OneRowAndInput", .M = 1, .N = 17, .K = 1, .gap = 2},
            LinearBackwardCase{.name = "OddSizes", .M = 33, .N = 17, .K = 65},
            LinearBackwardCase{.name = "StridedRows", .M = 17, .N = 33, .K = 31, .gap = 7},
            LinearBackwardCase{.name = "StridedVectors", .M = 40, .N = 32, .K = 48, .gap = 8},
            LinearBackwardCase{
                .name = "DxAlone", .M = 20, .N = 24, .K = 16, .dweight = false, .dbias = false},
            LinearBackwardCase{
                .name = "DweightAlone", .M = 20, .N = 24, .K = 16, .dx = false, .dbias = false},
            LinearBackwardCase{
                .name = "DbiasAlone", .M = 20, .N = 24, .K = 16, .dx = false, .dweight = false},
            LinearBackwardCase{.name = "ManyRows", .M = 5000, .N = 44, .K = 12},
            LinearBackwardCase{.name = "InProjection", .M = 784, .N = 384, .K = 96})),
    BackendCaseName);

TEST(LinearBackwardReferenceTest, AgreesWithFiniteDifferences) {
  constexpr size_t M = 4;
  constexpr size_t N = 3;
  constexpr size_t K = 5;
  std::vector<double> x = TestTensor::Random({M, K}, 1).values();
  std::vector<double> weight = TestTensor::Random({N, K}, 2).values();
  std::vector<double> bias = TestTensor::Random({N}, 3).values();
  const std::vector<double> dy = TestTensor::Random({M, N}, 4).values();
  const auto loss = [&] {
    return Dot(dy, reference::Linear(x, weight, bias, Activation::kIdentity, {}, M, N, K));
  };
  const reference::LinearGradients gradients = reference::LinearBackward(x, weight, dy, M, N, K);
  ExpectGradient(gradients.dx, x, loss);
  ExpectGradient(gradients.dweight, weight, loss);
  ExpectGradient(gradients.dbias, bias, loss);
}

TEST(LinearBackwardTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({5, 7});
  TestTensor weight({3, 7});
  TestTensor dy({5, 3});
  TestTensor dx({5, 7});
  TestTensor dweight({3, 7});
  const auto message = [&](const LinearBackwardArgs& args) {
    const absl::Status status = LinearBackward(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({.x = x.view(), .weight = weight.view()}), HasSubstr("\"dy\" is"));
  EXPECT_THAT(message({.dy = dy.view(), .dx = dx.view()}), HasSubstr("\"weight\" is"));
  EXPECT_THAT(message({.dy = dy.view(), .dweight = dweight.view()}), HasSubstr("\"x\" is"));
  EXPECT_THAT(message({.weight = weight.view(), .dy = dy.view(), .dx = dweight.view()}),
              HasSubstr("linear_backward: \"dx\" is f32[3,7] on cpu, wanted f32[5,7]"));
  EXPECT_THAT(message({.x = x.view(), .dy = dy.view(), .dweight = dx.view()}),
              HasSubstr("\"dweight\""));
  EXPECT_THAT(message({.dy = dy.view(), .dbias = dx.view()}), HasSubstr("\"dbias\""));
  TestTensor square({3, 3});
  EXPECT_THAT(message({.weight = square.view(), .dy = square.view(), .dx = square.view()}),
              HasSubstr("memory apart from dy"));
}

}  // namespace
}  // namespace localmamba
