#include "model/layers/grid_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <vector>

#include "kernels/device/stream.h"

namespace localmamba {
namespace {

class GridTableTest : public testing::Test {
 protected:
  // Element i of the table is values[i].
  Parameter* Declare(const Shape& shape, const std::vector<float>& values) {
    Parameter* parameter = parameters_.Declare("table", shape, {});
    const Tensor tensor = *Tensor::Allocate(*heap_, DType::kFloat32, shape);
    std::copy(values.begin(), values.end(), tensor.data<float>());
    parameter->value = Value(tensor);
    return parameter;
  }

  std::vector<float> At(GridTable& table, int64_t height, int64_t width) {
    const Value value = *table.At(context_, height, width);
    const float* data = value.tensor().data<float>();
    return {data, data + value.tensor().elements()};
  }

  std::unique_ptr<Allocator> heap_ = *CreateDeviceAllocator(Device::Cpu());
  Stream stream_ = *Stream::Create(Device::Cpu());
  OpContext context_{stream_, *heap_, DType::kFloat32};
  ParameterSet parameters_;
};

TEST_F(GridTableTest, IsUntouchedOnTheGridItWasBuiltFor) {
  std::vector<float> values(12);
  std::iota(values.begin(), values.end(), 0.0F);
  GridTable table(Declare({1, 6, 2}, values), 2, 3);
  ASSERT_TRUE(table.Pack(context_, DType::kFloat32).ok());
  EXPECT_EQ(At(table, 2, 3), values);
}

TEST_F(GridTableTest, KeepsTheClassTokensRowAndMovesItToTheMiddle) {
  // Cells are 1, the class token at index 2 of 5 is 7: no cell may see it.
  GridTable table(Declare({1, 5, 1}, {1, 1, 7, 1, 1}), 2, 2);
  ASSERT_TRUE(table.Pack(context_, DType::kFloat32).ok());
  EXPECT_THAT(At(table, 2, 2), testing::ElementsAre(1, 1, 7, 1, 1));
  EXPECT_THAT(At(table, 2, 3),
              testing::Pointwise(testing::FloatNear(1e-6F), {1, 1, 1, 7, 1, 1, 1}));
}

TEST_F(GridTableTest, ForgetsItsSizesWhenPackedAgain) {
  Parameter* parameter = Declare({1, 4, 1}, {1, 1, 1, 1});
  GridTable table(parameter, 2, 2);
  ASSERT_TRUE(table.Pack(context_, DType::kFloat32).ok());
  EXPECT_THAT(At(table, 1, 2), testing::Pointwise(testing::FloatNear(1e-6F), {1, 1}));
  std::fill_n(parameter->value.tensor().data<float>(), 4, 2.0F);
  ASSERT_TRUE(table.Pack(context_, DType::kFloat32).ok());
  EXPECT_THAT(At(table, 1, 2), testing::Pointwise(testing::FloatNear(1e-6F), {2, 2}));
}

}  // namespace
}  // namespace localmamba
