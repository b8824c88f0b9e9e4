#include "model/autograd/tape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "kernels/device/stream.h"
#include "model/autograd/operations.h"
#include "model/autograd/recompute.h"

namespace localmamba {
namespace {

using testing::ElementsAre;

class TapeTest : public testing::Test {
 protected:
  Value Make(const std::vector<float>& values, const Shape& shape) {
    Tensor tensor = *Tensor::Allocate(*heap_, DType::kFloat32, shape);
    std::copy(values.begin(), values.end(), tensor.data<float>());
    return Value(std::move(tensor));
  }
  static std::vector<float> ValuesOf(const Tensor& tensor) {
    return {tensor.data<float>(), tensor.data<float>() + tensor.elements()};
  }
  std::vector<float> GradientOf(const Value& leaf) { return ValuesOf(tape_.Gradient(leaf)); }
  absl::Status Backward(const Value& result, const std::vector<float>& gradient) {
    return tape_.Backward(context_, result, Make(gradient, result.shape()).tensor());
  }

  std::unique_ptr<Allocator> heap_ = *CreateDeviceAllocator(Device::Cpu());
  Stream stream_ = *Stream::Create(Device::Cpu());
  Tape tape_;
  OpContext context_{stream_, *heap_, DType::kFloat32, nullptr, &tape_};
};

TEST_F(TapeTest, GradientsOfAValueThatIsUsedTwiceAreAdded) {
  const Value x = tape_.Leaf(Make({1, 2}, {1, 2}));
  const Value y = *ops::AddResidual(context_, x, x);
  const Value z = *ops::AddResidual(context_, y, x);
  ASSERT_TRUE(Backward(z, {10, 100}).ok());
  EXPECT_THAT(GradientOf(x), ElementsAre(30, 300));
}

TEST_F(TapeTest, GradientsOfPartsAreThoseOfTheWhole) {
  const Value x = tape_.Leaf(Make({1, 2, 3, 4, 5, 6}, {2, 3}));
  const Value left = ops::Slice(context_, x, 1, 0, 2);
  const Value scaled = *ops::ScaleImages(context_, left, Make({1, 2}, {2}));
  const Value second = ops::Select(context_, x, 0, 1);
  ASSERT_TRUE(tape_.Add(context_, {{second, Make({5, 6, 7}, {3}).tensor()}}).ok());
  ASSERT_TRUE(Backward(scaled, {1, 10, 100, 1000}).ok());
  EXPECT_THAT(GradientOf(x), ElementsAre(1, 10, 0, 205, 2006, 7));
}

TEST_F(TapeTest, WhatTheResultDoesNotDependOnHasNoGradient) {
  const Value x = tape_.Leaf(Make({1, 2}, {1, 2}));
  const Value other = tape_.Leaf(Make({1, 2}, {1, 2}));
  const Value unused = *ops::Unary(context_, UnaryFunction::kSilu, other);
  const Value y = *ops::Unary(context_, UnaryFunction::kNegExp, x);
  ASSERT_TRUE(Backward(y, {1, 1}).ok());
  EXPECT_TRUE(tape_.Gradient(other).empty());
  EXPECT_FALSE(tape_.Gradient(x).empty());
}

TEST_F(TapeTest, OperationsOnConstantsAreNotRecorded) {
  const Value x = Make({1, 2}, {1, 2});
  const Value y = *ops::Unary(context_, UnaryFunction::kSilu, x);
  EXPECT_FALSE(y.has_gradient());
  EXPECT_EQ(tape_.position(), 0U);
}

TEST_F(TapeTest, RowsThatAreRepeatedAddUp) {
  const Value x = tape_.Leaf(Make({0, 0, 0, 0, 0, 0, 0, 0}, {2, 2, 2}));
  const Value b = tape_.Leaf(Make({1, 2, 3, 4}, {2, 2}));
  const Value y = *ops::Add(context_, x, b);
  ASSERT_TRUE(Backward(y, {1, 2, 3, 4, 10, 20, 30, 40}).ok());
  EXPECT_THAT(GradientOf(x), ElementsAre(1, 2, 3, 4, 10, 20, 30, 40));
  EXPECT_THAT(GradientOf(b), ElementsAre(11, 22, 33, 44));
}

TEST_F(TapeTest, TokensAndZerosThatWereInsertedAreTakenOutAgain) {
  const Value x = tape_.Leaf(Make({1, 2, 3, 4}, {2, 2, 1}));
  const Value token = tape_.Leaf(Make({9}, {1}));
  const Value y = *ops::InsertToken(context_, x, token, 1);
  const Value z = *ops::InsertZeros(context_, y, 1, 2, 2);
  EXPECT_THAT(ValuesOf(z.tensor()), ElementsAre(1, 9, 0, 0, 2, 3, 9, 0, 0, 4));
  ASSERT_TRUE(Backward(z, {1, 2, 3, 4, 5, 10, 20, 30, 40, 50}).ok());
  EXPECT_THAT(GradientOf(x), ElementsAre(1, 5, 10, 50));
  EXPECT_THAT(GradientOf(token), ElementsAre(22));
}

TEST_F(TapeTest, ConcatenatedRowsGoBackToTheirParts) {
  const Value a = tape_.Leaf(Make({1, 2}, {1, 2}));
  const Value b = Make({3, 4}, {1, 2});
  const Value c = tape_.Leaf(Make({5, 6, 7, 8}, {2, 2}));
  const Value y = *ops::ConcatRows(context_, {a, b, c});
  ASSERT_TRUE(Backward(y, {1, 2, 3, 4, 5, 6, 7, 8}).ok());
  EXPECT_THAT(GradientOf(a), ElementsAre(1, 2));
  EXPECT_THAT(GradientOf(c), ElementsAre(5, 6, 7, 8));
}

TEST_F(TapeTest, FactorsOfImagesScaleTheirGradients) {
  const Value x = tape_.Leaf(Make({1, 2, 3, 4}, {2, 1, 2}));
  const Value y = *ops::ScaleImages(context_, x, Make({0, 2}, {2}));
  EXPECT_THAT(ValuesOf(y.tensor()), ElementsAre(0, 0, 6, 8));
  ASSERT_TRUE(Backward(y, {1, 1, 1, 1}).ok());
  EXPECT_THAT(GradientOf(x), ElementsAre(0, 0, 2, 2));
}

TEST_F(TapeTest, RecomputationKeepsNothingAndChangesNothing) {
  const Value weight = tape_.Leaf(Make({1, 2, 3, 4}, {2, 2}));
  const Value x = tape_.Leaf(Make({0.5, -1}, {1, 2}));
  int runs = 0;
  const Segment segment = [&](OpContext& context,
                              absl::Span<const Value> in) -> absl::StatusOr<std::vector<Value>> {
    ++runs;
    const Value y = *ops::Linear(context, in[0], weight, Value(), {.residual = in[0]});
    return std::vector<Value>{*ops::Unary(context, UnaryFunction::kSilu, y)};
  };
  const Value plain = (*segment(context_, {x}))[0];
  const size_t recorded = tape_.position();
  const Value again = (*Recompute(context_, {x}, segment))[0];
  EXPECT_EQ(tape_.position(), recorded + 1);
  EXPECT_EQ(ValuesOf(again.tensor()), ValuesOf(plain.tensor()));

  ASSERT_TRUE(Backward(again, {1, 1}).ok());
  EXPECT_EQ(runs, 3);
  const std::vector<float> x_gradient = GradientOf(x);
  const std::vector<float> weight_gradient = GradientOf(weight);

  Tape tape;
  OpContext context{stream_, *heap_, DType::kFloat32, nullptr, &tape};
  const Value x2 = tape.Leaf(x);
  const Value weight2 = tape.Leaf(weight);
  const Value y = *ops::Linear(context, x2, weight2, Value(), {.residual = x2});
  const Value result = *ops::Unary(context, UnaryFunction::kSilu, y);
  ASSERT_TRUE(tape.Backward(context, result, Make({1, 1}, result.shape()).tensor()).ok());
  EXPECT_EQ(ValuesOf(tape.Gradient(x2)), x_gradient);
  EXPECT_EQ(ValuesOf(tape.Gradient(weight2)), weight_gradient);
}

}  // namespace
}  // namespace localmamba
