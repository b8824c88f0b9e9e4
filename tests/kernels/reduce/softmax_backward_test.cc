#include "kernels/reduce/softmax_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/cross_entropy.h"
#include "tests/support/backend.h"
#include "tests/support/finite_difference.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct SoftmaxBackwardCase {
  std::string name;
  int64_t rows, columns;
};

class SoftmaxBackwardTest : public BackendTest<SoftmaxBackwardCase> {};

TEST_P(SoftmaxBackwardTest, AgreesWithReferenceAlsoInPlace) {
  const Shape shape = {test_case().rows, test_case().columns};
  TestTensor y = TestTensor::Random(shape, 1, 0, 1);
  TestTensor dy = TestTensor::Random(shape, 2);
  TestTensor dx(shape);
  const std::vector<double> expected =
      reference::SoftmaxBackward(y.values(), dy.values(), static_cast<size_t>(shape[1]));
  const TensorView dy_view = Data(dy);
  ASSERT_TRUE(SoftmaxBackward(Data(y), dy_view, Data(dx), stream()).ok());
  ASSERT_TRUE(Fetch(SoftmaxBackward(Data(y), dy_view, dy_view, stream())));
  // A sum of products below 1.
  ExpectNear(dx.values(), expected, 1.2e-7 * static_cast<double>(shape[1]) + 1e-6);
  EXPECT_EQ(dx.values(), dy.values());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, SoftmaxBackwardTest,
    ::testing::Combine(::testing::ValuesIn(Float32Backends()),
                       ::testing::Values(SoftmaxBackwardCase{"OneElement", 1, 1},
                                         SoftmaxBackwardCase{"EightDirections", 17, 8},
                                         SoftmaxBackwardCase{"LongRows", 3, 1001})),
    BackendCaseName);

TEST(SoftmaxBackwardReferenceTest, AgreesWithFiniteDifferences) {
  std::vector<double> x = TestTensor::Random({3, 5}, 1, -2, 2).values();
  const std::vector<double> dy = TestTensor::Random({3, 5}, 2).values();
  ExpectGradient(reference::SoftmaxBackward(reference::Softmax(x, 5), dy, 5), x,
                 [&] { return Dot(dy, reference::Softmax(x, 5)); });
}

TEST(SoftmaxBackwardTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor y({2, 5});
  TestTensor dy({5, 2});
  const absl::Status status = SoftmaxBackward(y.view(), dy.view(), y.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("softmax_backward: \"dy\" is f32[5,2]"));
}

}  // namespace
}  // namespace localmamba
