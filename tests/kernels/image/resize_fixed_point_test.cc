#include "kernels/image/resize_fixed_point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/golden_operators.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<uint8_t> Resize(const std::vector<uint8_t>& x, const Shape& from, const Shape& to,
                            int threads = 1) {
  Stream stream = *Stream::Create(Device::Cpu(), threads);
  std::vector<uint8_t> y(static_cast<size_t>(to.elements()));
  const absl::Status status =
      ResizeFixedPoint({x.data(), DType::kUInt8, from}, {y.data(), DType::kUInt8, to}, stream);
  EXPECT_TRUE(status.ok()) << status;
  return y;
}

TEST(ResizeFixedPointTest, AgreesWithPublishedVectors) {
  const std::vector<uint8_t> x = {0, 64, 128, 255};
  EXPECT_THAT(Resize(x, {1, 4, 1}, {1, 7, 1}), ElementsAre(0, 23, 59, 96, 137, 210, 255));
  EXPECT_THAT(Resize(x, {1, 4, 1}, {1, 3, 1}), ElementsAre(11, 96, 234));
  EXPECT_THAT(Resize(x, {4, 1, 1}, {6, 1, 1}), ElementsAre(0, 32, 75, 117, 192, 255));
  EXPECT_EQ(Resize(x, {2, 2, 1}, {2, 2, 1}), x);
  EXPECT_THAT(Resize({7}, {1, 1, 1}, {2, 2, 1}), ElementsAre(7, 7, 7, 7));
}

TEST(ResizeFixedPointTest, AgreesWithGoldenOperatorsWithAnyNumberOfThreads) {
  const GoldenTensors golden = GoldenOperators();
  const GoldenTensor& in = golden.at("resize.in");
  const std::vector<uint8_t> x(in.i32.begin(), in.i32.end());
  for (const auto& [width, height] :
       {std::pair(53, 41), std::pair(24, 19), std::pair(37, 50), std::pair(74, 58)}) {
    const GoldenTensor& expected =
        golden.at(absl::StrCat("resize.bilinear_w", width, "_h", height));
    const std::vector<uint8_t> wanted(expected.i32.begin(), expected.i32.end());
    EXPECT_EQ(Resize(x, in.shape, {height, width, 3}), wanted);
    EXPECT_EQ(Resize(x, in.shape, {height, width, 3}, 4), wanted);
  }
}

TEST(ResizeFixedPointTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  std::vector<uint8_t> bytes(12);
  const ConstTensorView x(bytes.data(), DType::kUInt8, {2, 2, 3});
  const TensorView y(bytes.data(), DType::kUInt8, {3, 4, 1});
  const absl::Status status = ResizeFixedPoint(x, y, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("resize_fixed_point: \"y\" is u8[3,4,1] on cpu, wanted u8[-1,-1,3]"));
}

}  // namespace
}  // namespace localmamba
