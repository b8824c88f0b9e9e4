#include "kernels/conv/space_to_depth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/conv2d.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct SpaceToDepthCase {
  std::string name;
  Shape x;
};

class SpaceToDepthTest : public BackendTest<SpaceToDepthCase> {};

TEST_P(SpaceToDepthTest, AgreesWithReference) {
  const Shape& shape = test_case().x;
  TestTensor x = TestTensor::Random(shape, 1);
  TestTensor y({shape[0], (shape[1] + 1) / 2, (shape[2] + 1) / 2, 4 * shape[3]});
  ASSERT_TRUE(Fetch(SpaceToDepth(Data(x), Data(y), stream())));
  EXPECT_EQ(y.values(), reference::SpaceToDepth(x.values(), shape));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, SpaceToDepthTest,
    ::testing::Combine(::testing::ValuesIn(Backends()),
                       ::testing::Values(SpaceToDepthCase{"OneCell", {1, 1, 1, 1}},
                                         SpaceToDepthCase{"EvenSides", {2, 4, 6, 17}},
                                         SpaceToDepthCase{"OddHeight", {2, 7, 6, 5}},
                                         SpaceToDepthCase{"OddWidth", {1, 6, 7, 5}},
                                         SpaceToDepthCase{"OddSides", {3, 33, 17, 3}},
                                         SpaceToDepthCase{"FullVectors", {2, 7, 5, 96}})),
    BackendCaseName);

TEST(SpaceToDepthTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor x({1, 3, 4, 5});
  TestTensor y({1, 1, 2, 20});
  const absl::Status status = SpaceToDepth(x.view(), y.view(), stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr("space_to_depth: \"y\" is f32[1,1,2,20] on cpu, wanted f32[1,2,2,20] on cpu"));
}

}  // namespace
}  // namespace localmamba
