#include "kernels/image/resize_argmax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/reference/resize.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct ResizeArgmaxCase {
  std::string name;
  Shape x;
  int64_t Ho, Wo;
};

class ResizeArgmaxTest : public BackendTest<ResizeArgmaxCase> {};

TEST_P(ResizeArgmaxTest, FindsAChannelThatNoOtherExceeds) {
  const ResizeArgmaxCase& c = test_case();
  TestTensor x = TestTensor::Random(c.x, 1);
  const TensorView x_view = Data(x);
  const Shape y_shape = {c.x[0], c.Ho, c.Wo};
  std::vector<int32_t> y(static_cast<size_t>(y_shape.elements()), -1);
  const TensorView host(y.data(), DType::kInt32, y_shape);
  const TensorView on_device = Upload(host);
  ASSERT_TRUE(Fetch(ResizeArgmax(x_view, on_device, stream())));
  ASSERT_TRUE(Fetch(on_device, host));

  const auto C = static_cast<size_t>(c.x[3]);
  const std::vector<double> resized = reference::ResizeBilinear(x.values(), c.x, c.Ho, c.Wo);
  for (size_t cell = 0; cell < y.size(); ++cell) {
    const auto first = resized.begin() + static_cast<int64_t>(cell * C);
    ASSERT_GE(y[cell], 0);
    ASSERT_LT(y[cell], c.x[3]);
    // Values of the reference and the operation differ by up to 5e-7 (resize_bilinear_test.cc).
    EXPECT_GE(first[y[cell]], *std::max_element(first, first + c.x[3]) - 1e-6) << "cell " << cell;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ResizeArgmaxTest,
    ::testing::Combine(
        ::testing::ValuesIn(CpuBackend()),
        ::testing::Values(
            ResizeArgmaxCase{.name = "OneCellToMany", .x = {2, 1, 1, 3}, .Ho = 3, .Wo = 5},
            ResizeArgmaxCase{.name = "OneChannel", .x = {1, 3, 2, 1}, .Ho = 4, .Wo = 4},
            ResizeArgmaxCase{.name = "Larger", .x = {2, 7, 9, 150}, .Ho = 17, .Wo = 23},
            ResizeArgmaxCase{.name = "Smaller", .x = {1, 14, 13, 21}, .Ho = 5, .Wo = 6})),
    BackendCaseName);

TEST(ResizeArgmaxTest, OfEqualChannelsTheFirstIsTaken) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 1, 1, 4});
  x.storage() = {0, 2, 2, 1};
  std::vector<int32_t> y(2);
  ASSERT_TRUE(ResizeArgmax(x.view(), {y.data(), DType::kInt32, {1, 1, 2}}, stream).ok());
  EXPECT_EQ(y, (std::vector<int32_t>{1, 1}));
}

TEST(ResizeArgmaxTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 3, 5, 7});
  TestTensor y({1, 4, 4});
  const absl::Status status = ResizeArgmax(x.view(), y.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("resize_argmax: \"y\" is f32[1,4,4] on cpu, wanted i32[1,-1,-1]"));
}

}  // namespace
}  // namespace localmamba
