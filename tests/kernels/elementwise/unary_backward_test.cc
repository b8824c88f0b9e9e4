#include "kernels/elementwise/unary_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/reference/activation_gradient.h"
#include "tests/support/backend.h"
#include "tests/support/finite_difference.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

double NegExp(double x) { return -std::exp(x); }

struct UnaryBackwardCase {
  std::string name;
  UnaryFunction function;
  double (*forward)(double);
  double (*gradient)(double);
  int64_t length = 0;
};

std::vector<UnaryBackwardCase> Functions() {
  return {
      {"Silu", UnaryFunction::kSilu, reference::Silu, reference::SiluGradient},
      {"Gelu", UnaryFunction::kGelu, reference::Gelu, reference::GeluGradient},
      {"Sigmoid", UnaryFunction::kSigmoid, reference::Sigmoid, reference::SigmoidGradient},
      {"Relu", UnaryFunction::kRelu, reference::Relu, reference::ReluGradient},
      {"Softplus", UnaryFunction::kSoftplus, reference::Softplus, reference::SoftplusGradient},
      {"NegExp", UnaryFunction::kNegExp, NegExp, NegExp},
  };
}

std::vector<UnaryBackwardCase> Cases() {
  std::vector<UnaryBackwardCase> cases;
  for (const int64_t length : {1, 17, 33, 20000}) {
    for (UnaryBackwardCase c : Functions()) {
      c.name += std::to_string(length);
      c.length = length;
      cases.push_back(c);
    }
  }
  return cases;
}

class UnaryBackwardTest : public BackendTest<UnaryBackwardCase> {};

TEST_P(UnaryBackwardTest, AgreesWithReferenceAlsoInPlace) {
  const UnaryBackwardCase& c = test_case();
  const double range = backend().dtype == DType::kFloat16 ? 10 : 30;  // e^30 is no float16
  TestTensor x = TestTensor::Random({c.length}, 1, -range, range);
  TestTensor dy = TestTensor::Random({c.length}, 2);
  TestTensor dx({c.length});
  const TensorView x_view = Data(x);
  const TensorView dy_view = Data(dy);
  const std::vector<double> inputs = x.values();
  const std::vector<double> gradients = dy.values();

  ASSERT_TRUE(UnaryBackward(c.function, x_view, dy_view, Data(dx), stream()).ok());
  ASSERT_TRUE(Fetch(UnaryBackward(c.function, x_view, dy_view, dy_view, stream())));

  EXPECT_EQ(dx.values(), dy.values());
  const std::vector<double> outputs = dx.values();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const double expected = c.gradient(inputs[i]) * gradients[i];
    // The derivatives are good to 2^-20 of the larger of the result and its summands, which are at
    // most 1.2, and a half rounds again; float16 has steps of 2^-24.
    const double scale = std::max(1.2 * std::abs(gradients[i]), std::abs(expected));
    ASSERT_NEAR(outputs[i], expected,
                0x1p-20 * scale + Roundoff() * std::abs(expected) + (Roundoff() > 0 ? 0x1p-25 : 0))
        << "f'(" << inputs[i] << ")";
  }
}

INSTANTIATE_TEST_SUITE_P(Functions, UnaryBackwardTest,
                         ::testing::Combine(::testing::ValuesIn(BackendsAndInstructionSets()),
                                            ::testing::ValuesIn(Cases())),
                         BackendCaseName);

TEST(UnaryBackwardReferenceTest, AgreesWithFiniteDifferences) {
  for (const UnaryBackwardCase& c : Functions()) {
    SCOPED_TRACE(c.name);
    for (double x = -6.0; x <= 6.0; x += 0.37) {
      std::vector<double> inputs = {x};
      ExpectGradient({c.gradient(x)}, inputs, [&] { return c.forward(inputs[0]); });
    }
  }
}

TEST(UnaryBackwardTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({2, 5});
  TestTensor dy({5, 2});
  const absl::Status status =
      UnaryBackward(UnaryFunction::kSilu, x.view(), dy.view(), x.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("unary_backward: \"dy\" is f32[5,2] on cpu, wanted f32[2,5] on cpu"));
}

}  // namespace
}  // namespace localmamba
