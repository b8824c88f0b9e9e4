#include "kernels/detection/select_class.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/backend.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

class SelectClassTest : public BackendTest<OnlyCase> {};

TEST_P(SelectClassTest, TakesTheChannelOfEachMapsClass) {
  TestTensor x = TestTensor::Random({3, 5, 7}, 1);
  TestTensor y({3, 5});
  const ConstTensorView maps = Data(x);
  ASSERT_TRUE(Fetch(SelectClass(maps, Indices({6, 0, 3}), Float32(y), stream())));
  const std::vector<size_t> classes = {6, 0, 3};
  for (size_t i = 0; i < 15; ++i) {
    EXPECT_EQ(y.values()[i], x.values()[i * 7 + classes[i / 5]]);
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, SelectClassTest,
                         ::testing::Combine(::testing::ValuesIn(Backends()),
                                            ::testing::Values(OnlyCase{})),
                         BackendCaseName);

TEST(SelectClassErrorTest, NamesWhatIsWrong) {
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
