#include "kernels/conv/space_to_depth_backward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/conv2d.h"
#include "tests/reference/transposed.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct DepthToSpaceCase {
  std::string name;
  Shape x;  // B, H, W, C
};

class SpaceToDepthBackwardTest : public BackendTest<DepthToSpaceCase> {};

TEST_P(SpaceToDepthBackwardTest, IsTheTransposedGather) {
  const Shape& x = test_case().x;
  TestTensor dy = TestTensor::Random({x[0], (x[1] + 1) / 2, (x[2] + 1) / 2, 4 * x[3]}, 1);
  TestTensor dx(x);
  ASSERT_TRUE(Fetch(SpaceToDepthBackward(Data(dy), Data(dx), stream())));
  EXPECT_EQ(dx.values(), reference::Transposed(static_cast<size_t>(x.elements()), dy.values(),
                                               [&](const std::vector<double>& cells) {
                                                 return reference::SpaceToDepth(cells, x);
                                               }));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, SpaceToDepthBackwardTest,
    ::testing::Combine(::testing::ValuesIn(Backends()),
                       ::testing::Values(DepthToSpaceCase{"OneCell", {1, 1, 1, 1}},
                                         DepthToSpaceCase{"EvenGrid", {2, 4, 6, 17}},
                                         DepthToSpaceCase{"OddGrid", {2, 5, 7, 9}},
                                         DepthToSpaceCase{"FullVectors", {1, 3, 4, 64}})),
    BackendCaseName);

TEST(SpaceToDepthBackwardTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor dy({1, 2, 2, 12});
  TestTensor dx({1, 5, 4, 3});
  const absl::Status status = SpaceToDepthBackward(dy.view(), dx.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr("space_to_depth_backward: \"dy\" is f32[1,2,2,12] on cpu, wanted f32[1,3,2,12]"));
}

}  // namespace
}  // namespace localmamba
