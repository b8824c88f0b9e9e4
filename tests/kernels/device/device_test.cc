#include "kernels/device/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace localmamba {
namespace {

using ::testing::HasSubstr;

TEST(DeviceTest, ParsesTheCpu) {
  EXPECT_EQ(*Device::Parse("cpu"), Device::Cpu());
  EXPECT_EQ(Device::Cpu().ToString(), "cpu");
}

TEST(DeviceTest, NamesWhatItCannotParse) {
  for (const char* text : {"", "gpu", "cpu:0", "cuda:x", "cuda:-1"}) {
    const absl::Status status = Device::Parse(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr(text));
  }
}

}  // namespace
}  // namespace localmamba
