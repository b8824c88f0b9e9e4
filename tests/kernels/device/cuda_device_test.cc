// CUDA devices, their memory and their streams. Cases that need a GPU skip where there is none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "kernels/device/buffer.h"
#include "kernels/device/device.h"
#include "kernels/device/device_error.h"
#include "kernels/device/stream.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

TEST(DeviceErrorTest, KeepsTheMarkInCopies) {
  absl::Status status = absl::InternalError("illegal address");
  EXPECT_FALSE(IsStickyDeviceError(status));
  MarkStickyDeviceError(status);
  const absl::Status copy = status;
  EXPECT_TRUE(IsStickyDeviceError(copy));
  EXPECT_FALSE(IsStickyDeviceError(absl::OkStatus()));
}

TEST(CudaDeviceTest, AutoIsTheFirstUsableDeviceOrTheCpu) {
  const bool usable = Device::Parse("cuda").ok();
  EXPECT_EQ(*Device::Parse("auto"), usable ? Device::Cuda(0) : Device::Cpu());
}

TEST(CudaDeviceTest, SaysWhyADeviceCannotBeUsed) {
  const absl::Status status = Device::Parse("cuda:999").status();
  EXPECT_TRUE(status.code() == absl::StatusCode::kUnimplemented ||
              status.code() == absl::StatusCode::kFailedPrecondition)
      << status;
  EXPECT_THAT(status.message(), HasSubstr("device \"cuda:999\""));
}

class CudaMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const absl::StatusOr<Device> device = Device::Parse("cuda");
    if (!device.ok()) GTEST_SKIP() << device.status();
    device_ = *device;
  }

  Device device_;
};

TEST_F(CudaMemoryTest, CopiesThereAndBackInOrder) {
  Stream stream = *Stream::Create(device_);
  const auto allocator = *CreateDeviceAllocator(device_);
  const auto host_allocator = CreateHostAllocator(device_);
  EXPECT_EQ(allocator->device(), device_);
  EXPECT_TRUE(host_allocator->device().is_cpu());

  constexpr size_t kBytes = 1 << 20;
  std::vector<unsigned char> sent(kBytes);
  for (size_t i = 0; i < kBytes; ++i) sent[i] = static_cast<unsigned char>(i * 31 >> 3);
  const Buffer first = *allocator->Allocate(kBytes);
  const Buffer second = *allocator->Allocate(kBytes);
  const Buffer received = *host_allocator->Allocate(kBytes);
  ASSERT_TRUE(stream.CopyBytes(sent.data(), first.data(), kBytes).ok());
  ASSERT_TRUE(stream.CopyBytes(first.data(), second.data(), kBytes).ok());
  ASSERT_TRUE(stream.CopyBytes(second.data(), received.data(), kBytes).ok());
  ASSERT_TRUE(stream.Synchronize().ok());
  EXPECT_EQ(std::memcmp(sent.data(), received.data(), kBytes), 0);
}

TEST_F(CudaMemoryTest, GoesOnAfterRunningOutOfMemory) {
  const auto allocator = *CreateDeviceAllocator(device_);
  const absl::Status status = allocator->Allocate(size_t{1} << 50).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("out of memory on cuda:0"));
  EXPECT_TRUE(allocator->Allocate(1 << 20).ok());
  EXPECT_TRUE(Stream::Create(device_)->Synchronize().ok());
}

}  // namespace
}  // namespace localmamba
