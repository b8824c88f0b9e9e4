#include "kernels/elementwise/cast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "kernels/tensor/half.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

TEST(CastTest, RoundsToEachTypeAndBackAcrossStridedRows) {
  Stream stream = *Stream::Create(Device::Cpu(), 2);
  std::vector<float> x = {1.0F, -0.1F, 70000.0F, 9.0F, 1e-6F, 3.0F, 0.0F, 9.0F};  // 9: between rows
  const ConstTensorView view = ConstTensorView(x.data(), DType::kFloat32, {2, 4}).Slice(1, 0, 3);
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16}) {
    std::vector<uint16_t> bits(6);
    const TensorView half(bits.data(), dtype, {2, 3});
    ASSERT_TRUE(Cast(view, half, stream).ok());
    std::vector<float> back(6);
    ASSERT_TRUE(Cast(half, TensorView(back.data(), DType::kFloat32, {2, 3}), stream).ok());
    const std::vector<float> kept = {x[0], x[1], x[2], x[4], x[5], x[6]};
    for (size_t i = 0; i < kept.size(); ++i) {
      const float expected = dtype == DType::kFloat16
                                 ? FloatFromFloat16(Float16FromFloat(kept[i]))
                                 : FloatFromBFloat16(BFloat16FromFloat(kept[i]));
      EXPECT_EQ(back[i], expected) << i;
    }
  }
}

TEST(CastTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  std::vector<float> x(6);
  std::vector<int32_t> y(6);
  const TensorView view(x.data(), DType::kFloat32, {2, 3});
  EXPECT_THAT(Cast(view, TensorView(x.data(), DType::kFloat32, {3, 2}), stream).message(),
              HasSubstr("cast: \"y\" is f32[3,2] on cpu, wanted f32[2,3]"));
  EXPECT_THAT(Cast(view, TensorView(y.data(), DType::kInt32, {2, 3}), stream).message(),
              HasSubstr("\"y\" is i32[2,3] on cpu, wanted a floating-point type"));
}

}  // namespace
}  // namespace localmamba
