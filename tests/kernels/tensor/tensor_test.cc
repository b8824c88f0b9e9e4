#include "kernels/tensor/tensor.h"

#include <gtest/gtest.h>

#include "kernels/device/arena.h"

namespace localmamba {
namespace {

TEST(TensorTest, KeepsItsMemoryUntilTheLastViewOfItIsGone) {
  const auto heap = *CreateDeviceAllocator(Device::Cpu());
  Arena arena(*heap, 4096);
  Tensor part;
  {
    const Tensor whole = *Tensor::Allocate(arena, DType::kFloat32, {4, 8});
    part = whole.Slice(0, 1, 3).Reshape({16});
  }
  EXPECT_GT(arena.bytes_in_use(), 0U);
  part = Tensor();
  EXPECT_EQ(arena.bytes_in_use(), 0U);
}

TEST(TensorTest, ATensorWithoutElementsIsNotAbsent) {
  const auto heap = *CreateDeviceAllocator(Device::Cpu());
  EXPECT_FALSE(Tensor::Allocate(*heap, DType::kFloat32, {0, 3})->empty());
}

TEST(CopyTest, CopiesAndRejectsWhatDisagrees) {
  const auto heap = *CreateDeviceAllocator(Device::Cpu());
  Stream stream = *Stream::Create(Device::Cpu());
  const Tensor a = *Tensor::Allocate(*heap, DType::kFloat32, {2});
  const Tensor b = *Tensor::Allocate(*heap, DType::kFloat32, {2});
  a.data<float>()[1] = 5.0F;
  ASSERT_TRUE(Copy(a, b, stream).ok());
  EXPECT_EQ(b.data<float>()[1], 5.0F);
  const Tensor c = *Tensor::Allocate(*heap, DType::kFloat32, {3});
  EXPECT_EQ(Copy(a, c, stream).code(), absl::StatusCode::kInvalidArgument);
}

TEST(DTypeTest, SpellingsRoundTrip) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kInt32,
                            DType::kInt64, DType::kUInt8}) {
    EXPECT_EQ(*ParseDType(ToString(dtype)), dtype);
  }
  EXPECT_EQ(ParseDType("f8").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace localmamba
