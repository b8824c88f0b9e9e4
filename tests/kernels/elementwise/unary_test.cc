#include "kernels/elementwise/unary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

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
  int64_t length;
};

class UnaryTest : public BackendTest<UnaryCase> {};

TEST_P(UnaryTest, AgreesWithReferenceAlsoInPlace) {
  const UnaryCase& c = test_case();
  const bool is_half = backend().dtype == DType::kFloat16;
  const double range = is_half ? 10 : 30;  // e^30 is no float16
  TestTensor x = TestTensor::Random({c.length}, 1, -range, range);
  TestTensor y({c.length});
  const TensorView x_view = Data(x);
  const std::vector<double> inputs = x.values();

  ASSERT_TRUE(Unary(c.function, x_view, Data(y), stream()).ok());
  ASSERT_TRUE(Fetch(Unary(c.function, x_view, x_view, stream())));

  EXPECT_EQ(x.values(), y.values());
  const std::vector<double> outputs = y.values();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const double expected = c.reference(inputs[i]);
    // vector_math-inl.h is good to about 2^-22, GELU to 2^-22 * (1 + x^2 / 4); twice that. Below
    // float32's smallest normal number GELU is 0, and float16 has steps of 2^-24.
    const double relative = std::ldexp(1.0 + inputs[i] * inputs[i] / 4, -21) + Roundoff();
    ASSERT_NEAR(outputs[i], expected, relative * std::abs(expected) + (is_half ? 0x1p-25 : 1e-36))
        << "f(" << inputs[i] << ")";
  }
}

double NegExp(double x) { return -std::exp(x); }

std::vector<UnaryCase> UnaryCases() {
  std::vector<UnaryCase> cases;
  for (const int64_t length : {1, 17, 33, 20000}) {
    const std::string suffix = std::to_string(length);
    cases.push_back({"Silu" + suffix, UnaryFunction::kSilu, reference::Silu, length});
    cases.push_back({"Gelu" + suffix, UnaryFunction::kGelu, reference::Gelu, length});
    cases.push_back({"Sigmoid" + suffix, UnaryFunction::kSigmoid, reference::Sigmoid, length});
    cases.push_back({"Relu" + suffix, UnaryFunction::kRelu, reference::Relu, length});
    cases.push_back({"Softplus" + suffix, UnaryFunction::kSoftplus, reference::Softplus, length});
    cases.push_back({"NegExp" + suffix, UnaryFunction::kNegExp, NegExp, length});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Functions, UnaryTest,
                         ::testing::Combine(::testing::ValuesIn(Backends()),
                                            ::testing::ValuesIn(UnaryCases())),
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
