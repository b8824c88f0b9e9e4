#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/kernels/elementwise/vector_math_test.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/elementwise/vector_math-inl.h"

#ifndef LOCALMAMBA_VECTOR_MATH_TEST_ONCE
#define LOCALMAMBA_VECTOR_MATH_TEST_ONCE
namespace localmamba {
enum class Function { kExp2, kExp, kSigmoid, kSilu, kGelu, kSoftplus };
}  // namespace localmamba
#endif

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {

template <class D>
hn::Vec<D> Evaluate(D d, Function function, hn::Vec<D> x) {
  switch (function) {
    case Function::kExp2:
      return Exp2(d, x);
    case Function::kExp:
      return Exp(d, x);
    case Function::kSigmoid:
      return Sigmoid(d, x);
    case Function::kSilu:
      return Silu(d, x);
    case Function::kGelu:
      return Gelu(d, x);
    case Function::kSoftplus:
      break;
  }
  return Softplus(d, x);
}

void EvaluateAll(Function function, const float* from, float* to, size_t size) {
  const hn::ScalableTag<float> d;
  for (size_t i = 0; i < size; i += hn::Lanes(d)) {
    const size_t count = HWY_MIN(hn::Lanes(d), size - i);
    StorePartial(d, Evaluate(d, function, LoadPartial(d, from + i, count)), to + i, count);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace localmamba {
namespace {

HWY_EXPORT(EvaluateAll);

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct MathCase {
  std::string name;
  Function function;
  double (*exact)(double);
  float begin;  // the range where the stated accuracy holds
  float end;
  int accuracy;  // relative error: 2^-accuracy * (1 + quadratic * x^2)
  double quadratic;
  float at_minus_infinity;  // NaN: anything
  float at_infinity;
};

void PrintTo(const MathCase& math_case, std::ostream* out) { *out << math_case.name; }

double ExactSigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double ExactSilu(double x) { return x / (1 + std::exp(-x)); }
double ExactGelu(double x) { return x * std::erfc(-x / std::sqrt(2.0)) / 2; }
double ExactSoftplus(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))); }

const MathCase kCases[] = {
    {"Exp2", Function::kExp2, std::exp2, -126, 127.99F, 22, 0, 0, kInf},
    {"Exp", Function::kExp, std::exp, -87.3F, 88.7F, 22, 0, 0, kInf},
    {"Sigmoid", Function::kSigmoid, ExactSigmoid, -87, 100, 21, 0, 0, 1},
    {"Silu", Function::kSilu, ExactSilu, -87, 100, 21, 0, kNan, kInf},
    {"Gelu", Function::kGelu, ExactGelu, -12, 100, 21, 0.125, kNan, kInf},
    {"Softplus", Function::kSoftplus, ExactSoftplus, -87, 100, 21, 0, 0, kInf},
};

using Param = std::tuple<int64_t, MathCase>;

class VectorMathTest : public ::testing::TestWithParam<Param> {
 protected:
  std::vector<float> Run(const std::vector<float>& x) const {
    const ScopedHighwayTarget target(std::get<0>(GetParam()));
    std::vector<float> y(x.size());
    HWY_DYNAMIC_DISPATCH(EvaluateAll)(test_case_.function, x.data(), y.data(), x.size());
    return y;
  }

  const MathCase test_case_ = std::get<1>(GetParam());
};

TEST_P(VectorMathTest, IsAccurateOverItsRange) {
  constexpr int kPoints = 200'003;  // not a multiple of any vector length
  std::vector<float> x(kPoints);
  for (int i = 0; i < kPoints; ++i) {
    const float t = static_cast<float>(i) / (kPoints - 1);
    x[static_cast<size_t>(i)] = test_case_.begin + (test_case_.end - test_case_.begin) * t;
  }
  x[0] = 0;
  const std::vector<float> y = Run(x);
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = test_case_.exact(x[i]);
    const double relative =
        std::ldexp(1.0, -test_case_.accuracy) * (1 + test_case_.quadratic * x[i] * x[i]);
    ASSERT_NEAR(y[i], exact, relative * std::abs(exact)) << "x = " << x[i];
  }
}

TEST_P(VectorMathTest, TreatsInfinityAndNanAsLimits) {
  const std::vector<float> y = Run({kNan, kInf, -kInf, 1e30F, -1e30F});
  if (test_case_.function != Function::kExp2 || std::get<0>(GetParam()) != HWY_SCALAR) {
    EXPECT_TRUE(std::isnan(y[0]));
  }
  EXPECT_EQ(y[1], test_case_.at_infinity);
  if (!std::isnan(test_case_.at_minus_infinity)) {
    EXPECT_EQ(y[2], test_case_.at_minus_infinity);
  }
  EXPECT_FALSE(std::isnan(y[3]));
  EXPECT_EQ(y[4], 0);
}

INSTANTIATE_TEST_SUITE_P(
    AllTargets, VectorMathTest,
    ::testing::Combine(::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                       ::testing::ValuesIn(kCases)),
    [](const ::testing::TestParamInfo<Param>& info) {
      return std::string(hwy::TargetName(std::get<0>(info.param))) + std::get<1>(info.param).name;
    });

}  // namespace
}  // namespace localmamba
#endif  // HWY_ONCE
