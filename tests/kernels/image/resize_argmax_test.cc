#include "kernels/image/resize_argmax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
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
  std::optional<IntermediateSize> between = {};
};

// x, resized as often as the case says.
std::vector<double> Resized(const ResizeArgmaxCase& c, const std::vector<double>& x) {
  if (!c.between.has_value()) return reference::ResizeBilinear(x, c.x, c.Ho, c.Wo);
  const auto& [height, width, rows, columns] = *c.between;
  const std::vector<double> first = reference::ResizeBilinear(x, c.x, height, width);
  const int64_t C = c.x[3];
  std::vector<double> part;
  for (int64_t row = 0; row < c.x[0] * height; ++row) {
    if (row % height >= rows) continue;
    const auto begin = first.begin() + row * width * C;
    part.insert(part.end(), begin, begin + columns * C);
  }
  return reference::ResizeBilinear(part, {c.x[0], rows, columns, C}, c.Ho, c.Wo);
}

class ResizeArgmaxTest : public BackendTest<ResizeArgmaxCase> {};

TEST_P(ResizeArgmaxTest, FindsAChannelThatNoOtherExceeds) {
  const ResizeArgmaxCase& c = test_case();
  TestTensor x = TestTensor::Random(c.x, 1);
  const TensorView x_view = Data(x);
  const Shape y_shape = {c.x[0], c.Ho, c.Wo};
  std::vector<int32_t> y(static_cast<size_t>(y_shape.elements()), -1);
  const TensorView host(y.data(), DType::kInt32, y_shape);
  const TensorView on_device = Upload(host);
  TestTensor confidence(y_shape);
  ASSERT_TRUE(Fetch(ResizeArgmax(
      {.x = x_view, .between = c.between, .y = on_device, .confidence = Float32(confidence)},
      stream())));
  ASSERT_TRUE(Fetch(on_device, host));

  const auto C = static_cast<size_t>(c.x[3]);
  const std::vector<double> resized = Resized(c, x.values());
  for (size_t cell = 0; cell < y.size(); ++cell) {
    const auto first = resized.begin() + static_cast<int64_t>(cell * C);
    ASSERT_GE(y[cell], 0);
    ASSERT_LT(y[cell], c.x[3]);
    // Values of the reference and the operation differ by up to 5e-7 (resize_bilinear_test.cc).
    EXPECT_GE(first[y[cell]], *std::max_element(first, first + c.x[3]) - 1e-6) << "cell " << cell;
    double sum = 0;
    for (size_t i = 0; i < C; ++i) sum += std::exp(resized[cell * C + i] - first[y[cell]]);
    EXPECT_NEAR(confidence.values()[cell], 1 / sum, 1e-5) << "cell " << cell;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ResizeArgmaxTest,
    ::testing::Combine(
        ::testing::ValuesIn(Backends()),
        ::testing::Values(
            ResizeArgmaxCase{.name = "OneCellToMany", .x = {2, 1, 1, 3}, .Ho = 3, .Wo = 5},
            ResizeArgmaxCase{.name = "OneChannel", .x = {1, 3, 2, 1}, .Ho = 4, .Wo = 4},
            ResizeArgmaxCase{.name = "Larger", .x = {2, 7, 9, 150}, .Ho = 17, .Wo = 23},
            ResizeArgmaxCase{.name = "Smaller", .x = {1, 14, 13, 21}, .Ho = 5, .Wo = 6},
            ResizeArgmaxCase{.name = "Twice",
                             .x = {2, 7, 9, 150},
                             .Ho = 23,
                             .Wo = 45,
                             .between = IntermediateSize{28, 36, 28, 36}},
            ResizeArgmaxCase{.name = "TwiceOfAPartAndSmaller",
                             .x = {1, 8, 9, 33},
                             .Ho = 10,
                             .Wo = 7,
                             .between = IntermediateSize{32, 36, 17, 30}})),
    BackendCaseName);

TEST(ResizeArgmaxTest, OfEqualChannelsTheFirstIsTaken) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 1, 1, 4});
  x.storage() = {0, 2, 2, 1};
  std::vector<int32_t> y(2);
  ASSERT_TRUE(
      ResizeArgmax({.x = x.view(), .y = {y.data(), DType::kInt32, {1, 1, 2}}}, stream).ok());
  EXPECT_EQ(y, (std::vector<int32_t>{1, 1}));
}

TEST(ResizeArgmaxTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 3, 5, 7});
  TestTensor y({1, 4, 4});
  const absl::Status status = ResizeArgmax({.x = x.view(), .y = y.view()}, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("resize_argmax: \"y\" is f32[1,4,4] on cpu, wanted i32[1,-1,-1]"));
  const absl::Status part = ResizeArgmax(
      {.x = x.view(), .between = IntermediateSize{6, 10, 7, 10}, .y = y.view()}, stream);
  EXPECT_EQ(part.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(part.message()), HasSubstr("not 7 x 10 of 6 x 10"));
}

}  // namespace
}  // namespace localmamba
