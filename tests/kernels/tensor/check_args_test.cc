#include "kernels/tensor/check_args.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace localmamba {
namespace {

using ::testing::HasSubstr;

TEST(ArgCheckerTest, NamesOperationArgumentFoundAndWanted) {
  std::vector<float> values(12);
  const ConstTensorView view(values.data(), DType::kFloat32, {3, 4});
  const ArgChecker check("scan", Device::Cpu());
  EXPECT_TRUE(check.Dense("u", view, DType::kFloat32, {3, -1}).ok());
  EXPECT_TRUE(check.Optional("u", {}, DType::kFloat32, {3, -1}).ok());
  const absl::Status status = check.Tensor("u", view, DType::kFloat32, {3, 5});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(),
              HasSubstr("scan: \"u\" is f32[3,4] on cpu, wanted f32[3,5] on cpu"));
  EXPECT_FALSE(check.Tensor("u", {}, DType::kFloat32, {3, 4}).ok());
  EXPECT_FALSE(check.Tensor("u", view, DType::kFloat16, {3, 4}).ok());
  EXPECT_FALSE(check.Tensor("u", view, DType::kFloat32, {12}).ok());
  EXPECT_FALSE(check.Dense("u", view.Slice(1, 0, 2), DType::kFloat32, {3, 2}).ok());
}

}  // namespace
}  // namespace localmamba
