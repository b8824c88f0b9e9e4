#include "kernels/image/resize_bicubic_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/resize.h"
#include "tests/reference/transposed.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct ResizeBackwardCase {
  std::string name;
  Shape x;
  int64_t Ho, Wo;
};

class ResizeBicubicBackwardTest : public BackendTest<ResizeBackwardCase> {};

TEST_P(ResizeBicubicBackwardTest, IsTheTransposedInterpolation) {
  const ResizeBackwardCase& c = test_case();
  TestTensor dy = TestTensor::Random({c.Ho, c.Wo, c.x[2]}, 1);
  TestTensor dx(c.x);
  ASSERT_TRUE(Fetch(ResizeBicubicBackward(Data(dy), Data(dx), stream())));
  const std::vector<double> expected = reference::Transposed(
      static_cast<size_t>(c.x.elements()), dy.values(),
      [&](const std::vector<double>& x) { return reference::ResizeBicubic(x, c.x, c.Ho, c.Wo); });
  // Each of Ho * Wo outputs spreads weights whose magnitudes sum to at most 1.6^2; weights from
  // float32 coordinates are good to 1e-6.
  const auto uses = static_cast<double>(c.Ho * c.Wo) / static_cast<double>(c.x[0] * c.x[1]);
  ExpectNear(dx.values(), expected, 3e-6 * (1.0 + 2.6 * uses));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ResizeBicubicBackwardTest,
    ::testing::Combine(
        ::testing::ValuesIn(Float32Backends()),
        ::testing::Values(
            ResizeBackwardCase{.name = "OneCellToMany", .x = {1, 1, 3}, .Ho = 3, .Wo = 5},
            ResizeBackwardCase{.name = "SameGrid", .x = {7, 5, 3}, .Ho = 7, .Wo = 5},
            ResizeBackwardCase{.name = "Larger", .x = {14, 14, 2}, .Ho = 32, .Wo = 17},
            ResizeBackwardCase{.name = "Smaller", .x = {14, 14, 3}, .Ho = 4, .Wo = 6},
            ResizeBackwardCase{.name = "OneRow", .x = {1, 9, 1}, .Ho = 1, .Wo = 33})),
    BackendCaseName);

TEST(ResizeBicubicBackwardTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor dy({4, 4, 6});
  TestTensor dx({3, 5, 7});
  const absl::Status status = ResizeBicubicBackward(dy.view(), dx.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr("resize_bicubic_backward: \"dy\" is f32[4,4,6] on cpu, wanted f32[-1,-1,7]"));
}

}  // namespace
}  // namespace localmamba
