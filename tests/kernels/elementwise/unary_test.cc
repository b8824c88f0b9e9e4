#include "kernels/elementwise/unary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/reference/activation.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct UnaryCase {
  std::string name;
  UnaryFunction function;
  double (*reference)(double);
};

class UnaryTest : public BackendTest<UnaryCase> {};

TEST_P(UnaryTest, AgreesWithReferenceAtAnyLengthAndInPlace) {
  const UnaryFunction function = test_case().function;
  for (const int64_t length : {1, 17, 33, 20000}) {
    const bool is_half = backend().dtype == DType::kFloat16;
    const double range = is_half ? 10 : 30;  // e^30 is no float16
    TestTensor x = TestTensor::Random({length}, 1, -range, range);
    TestTensor y({length});
    const TensorView x_view = Data(x);
    const std::vector<double> inputs = x.values();
    ASSERT_TRUE(Unary(function, x_view, Data(y), stream()).ok());
    ASSERT_TRUE(Fetch(Unary(function, x_view, x_view, stream())));
    EXPECT_EQ(x.values(), y.values());
    const std::vector<double> outputs = y.values();
    for (size_t i = 0; i < inputs.size(); ++i) {
      const double expected = test_case().reference(inputs[i]);
      // vector_math-inl.h is good to about 2^-22, GELU to 2^-22 * (1 + x^2 / 4); twice that. Below
      // float32's smallest normal number GELU is 0, and float16 has steps of 2^-24.
      const double relative = std::ldexp(1.0 + inputs[i] * inputs[i] / 4, -21) + Roundoff();
      ASSERT_NEAR(outputs[i], expected, relative * std::abs(expected) + (is_half ? 0x1p-25 : 1e-36))
          << "f(" << inputs[i] << ")";
    }
  }
}

double NegExp(double x) { return -std::exp(x); }

INSTANTIATE_TEST_SUITE_P(
    Functions, UnaryTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(UnaryCase{"Silu", UnaryFunction::kSilu, reference::Silu},
                          UnaryCase{"Gelu", UnaryFunction::kGelu, reference::Gelu},
                          UnaryCase{"Sigmoid", UnaryFunction::kSigmoid, reference::Sigmoid},
                          UnaryCase{"Softplus", UnaryFunction::kSoftplus, reference::Softplus},
                          UnaryCase{"NegExp", UnaryFunction::kNegExp, NegExp})),
    BackendCaseName);

TEST(UnaryTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({2, 5});
  TestTensor y({5, 2});
  const absl::Status status = Unary(UnaryFunction::kSilu, x.view(), y.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("unary: \"y\" is f32[5,2] on cpu, wanted f32[2,5] on cpu"));
}

}  // namespace
}  // namespace localmamba
