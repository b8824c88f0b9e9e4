#include "kernels/reduce/softmax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/reference/softmax.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct SoftmaxCase {
  std::string name;
  int64_t rows, columns;
};

class SoftmaxTest : public BackendTest<SoftmaxCase> {};

TEST_P(SoftmaxTest, AgreesWithReferenceAlsoInPlace) {
  const Shape shape = {test_case().rows, test_case().columns};
  // Exponentials of 90 to 110 overflow float32 if the largest is not subtracted.
  TestTensor x = TestTensor::Random(shape, 1, 90, 110);
  TestTensor y(shape);
  const std::vector<double> expected =
      reference::Softmax(x.values(), static_cast<size_t>(shape[1]));
  const TensorView x_view = Data(x);
  ASSERT_TRUE(Fetch(Softmax(x_view, Data(y), stream())));
  ExpectNear(y.values(), expected, 1e-6);  // results below 1, each term good to a few eps
  ASSERT_TRUE(Fetch(Softmax(x_view, x_view, stream())));
  EXPECT_EQ(x.values(), y.values());
}

INSTANTIATE_TEST_SUITE_P(Shapes, SoftmaxTest,
                         ::testing::Combine(::testing::ValuesIn(Float32Backends()),
                                            ::testing::Values(SoftmaxCase{"OneElement", 1, 1},
                                                              SoftmaxCase{"FewClasses", 3, 17},
                                                              SoftmaxCase{"ImageNet", 33, 1000})),
                         BackendCaseName);

TEST(SoftmaxTest, MakesARowWithNanNan) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  std::vector<float> values = {1.0F, std::numeric_limits<float>::quiet_NaN(), 3.0F, 1.0F, 1.0F,
                               1.0F};
  const TensorView x(values.data(), DType::kFloat32, {2, 3});
  ASSERT_TRUE(Softmax(x, x, stream).ok());
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(values[i]));
  for (size_t i = 3; i < 6; ++i) EXPECT_FLOAT_EQ(values[i], 1.0F / 3.0F);
}

TEST(SoftmaxTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({2, 5});
  TestTensor y({5, 2});
  const absl::Status status = Softmax(x.view(), y.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("softmax: \"y\" is f32[5,2] on cpu, wanted f32[2,5] on cpu"));
}

}  // namespace
}  // namespace localmamba
