#include "kernels/tensor/tensor_view.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace localmamba {
namespace {

class TensorViewTest : public testing::Test {
 protected:
  TensorViewTest() : values_(24) { std::iota(values_.begin(), values_.end(), 0.0F); }
  TensorView View(const Shape& shape) { return {values_.data(), DType::kFloat32, shape}; }
  std::vector<float> values_;
};

TEST_F(TensorViewTest, SliceAndSelectMoveTheOrigin) {
  const TensorView view = View({2, 3, 4});
  const TensorView slice = view.Slice(2, 1, 3);
  EXPECT_EQ(slice.shape(), Shape({2, 3, 2}));
  EXPECT_EQ(slice.data<float>()[0], 1.0F);
  EXPECT_FALSE(slice.IsDense());
  const TensorView selected = view.Select(1, 2);
  EXPECT_EQ(selected.shape(), Shape({2, 4}));
  EXPECT_EQ(selected.stride(0), 12);
  EXPECT_EQ(selected.data<float>()[0], 8.0F);
}

TEST_F(TensorViewTest, ReshapeMergesAndSplitsRowsOfAStridedMatrix) {
  const TensorView rows = View({2, 3, 4}).Slice(2, 0, 2).Reshape({6, 2});
  EXPECT_EQ(rows.stride(0), 4);
  EXPECT_EQ(rows.stride(1), 1);
  const TensorView split = rows.Reshape({1, 3, 2, 2});
  EXPECT_EQ(split.stride(1), 8);
  EXPECT_EQ(split.stride(2), 4);
  EXPECT_EQ(split.stride(3), 1);
}

TEST_F(TensorViewTest, ReshapeOfADenseViewIsDense) {
  EXPECT_TRUE(View({2, 3, 4}).Reshape({4, 6}).IsDense());
  EXPECT_TRUE(View({24}).Reshape({1, 24, 1}).IsDense());
}

TEST_F(TensorViewTest, DescribesItself) {
  EXPECT_EQ(Describe(View({2, 12})), "f32[2,12] on cpu");
  EXPECT_EQ(Describe(ConstTensorView()), "absent");
}

}  // namespace
}  // namespace localmamba
