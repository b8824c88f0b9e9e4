#include "kernels/detection/select_class.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

TEST(SelectClassTest, TakesTheChannelOfEachMapsClass) {
  TestTensor x = TestTensor::Random({3, 5, 7}, 1);
  std::vector<int32_t> classes = {6, 0, 3};
  TestTensor y({3, 5});
  Stream stream = *Stream::Create(Device::Cpu(), 2);
  ASSERT_TRUE(SelectClass(x.view(), {classes.data(), DType::kInt32, {3}}, y.view(), stream).ok());
  for (size_t i = 0; i < 15; ++i) {
    EXPECT_EQ(y.values()[i], x.values()[i * 7 + static_cast<size_t>(classes[i / 5])]);
  }
}

TEST(SelectClassTest, NamesWhatIsWrong) {
  TestTensor x({3, 5, 7});
  std::vector<int32_t> classes(2);
  TestTensor y({3, 5});
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const absl::Status status =
      SelectClass(x.view(), {classes.data(), DType::kInt32, {2}}, y.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("select_class: \"classes\" is i32[2] on cpu, wanted i32[3]"));
}

}  // namespace
}  // namespace localmamba
