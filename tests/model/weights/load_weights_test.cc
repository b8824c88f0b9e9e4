#include "model/weights/load_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/weights/safetensors.h"

namespace localmamba {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Tensor Filled(const Shape& shape, float first) {
  Tensor tensor = *AllocateHostTensor(DType::kFloat32, shape);
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    tensor.data<float>()[i] = first + static_cast<float>(i);
  }
  return tensor;
}

class LoadWeightsTest : public ::testing::Test {
 protected:
  LoadWeightsTest() : allocator_(*CreateDeviceAllocator(Device::Cpu())) {
    weight_ = parameters_.Declare("head.weight", {2, 3}, {});
    bias_ = parameters_.Declare("head.bias", {2}, {});
    const Initializer table = {
        .kind = Initializer::Kind::kRopeCos, .grid_height = 1, .grid_width = 1};
    buffer_ = parameters_.Declare("rope.freqs_cos", {1, 4}, table, /*trainable=*/false);
  }

  absl::Status Assign(const NamedTensors& tensors) {
    return AssignWeights(tensors, *allocator_, parameters_);
  }

  std::unique_ptr<Allocator> allocator_;
  ParameterSet parameters_;
  Parameter* weight_ = nullptr;
  Parameter* bias_ = nullptr;
  Parameter* buffer_ = nullptr;
};

TEST_F(LoadWeightsTest, SharesFloat32TensorsAndComputesAMissingBuffer) {
  const Tensor weight = Filled({2, 3}, 1.0F);
  ASSERT_TRUE(Assign({{"head.weight", weight}, {"head.bias", Filled({2}, 0.5F)}}).ok());
  EXPECT_EQ(weight_->value.tensor().data<float>(), weight.data<float>());
  EXPECT_EQ(bias_->value.tensor().data<float>()[1], 1.5F);
  EXPECT_EQ(buffer_->value.tensor().data<float>()[1], 1.0F);  // the cosine at the first cell
}

TEST_F(LoadWeightsTest, StatisticsOfABatchNormMayNotBeMissingButItsStepCounter) {
  parameters_.Declare("bn.running_var", {2}, {}, /*trainable=*/false);
  NamedTensors tensors = {{"head.weight", Filled({2, 3}, 1.0F)},
                          {"head.bias", Filled({2}, 0.5F)},
                          {"bn.num_batches_tracked", *AllocateHostTensor(DType::kInt64, {})}};
  EXPECT_THAT(std::string(Assign(tensors).message()), HasSubstr("\"bn.running_var\" is missing"));
  tensors["bn.running_var"] = Filled({2}, 1.0F);
  EXPECT_TRUE(Assign(tensors).ok());
}

TEST_F(LoadWeightsTest, ABufferInTheFileIsUsed) {
  ASSERT_TRUE(Assign({{"head.weight", Filled({2, 3}, 1.0F)},
                      {"head.bias", Filled({2}, 0.5F)},
                      {"rope.freqs_cos", Filled({1, 4}, 8.0F)}})
                  .ok());
  EXPECT_EQ(buffer_->value.tensor().data<float>()[1], 9.0F);
}

TEST_F(LoadWeightsTest, ReportsEveryMismatchAtOnceAndAssignsNothing) {
  Tensor bad = Filled({1, 4}, 0.0F);
  bad.data<float>()[1] = std::numeric_limits<float>::quiet_NaN();
  const absl::Status status = Assign({{"head.weight", Filled({3, 2}, 1.0F)},
                                      {"rope.freqs_cos", bad},
                                      {"tail.weight", Filled({1}, 0.0F)}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("\"head.weight\" is f32[3,2], wanted a floating-point [2,3]"),
                    HasSubstr("\"head.bias\" is missing"),
                    HasSubstr("\"rope.freqs_cos\" has a NaN or an infinity"),
                    HasSubstr("\"tail.weight\" f32[1] is unexpected")));
  EXPECT_TRUE(weight_->value.empty());
}

TEST_F(LoadWeightsTest, AnIntegerTensorIsNoWeight) {
  const Tensor integers = *AllocateHostTensor(DType::kInt32, {2});
  const absl::Status status =
      Assign({{"head.weight", Filled({2, 3}, 1.0F)}, {"head.bias", integers}});
  EXPECT_THAT(status.message(), HasSubstr("\"head.bias\" is i32[2], wanted a floating-point [2]"));
}

TEST_F(LoadWeightsTest, ALongListOfMismatchesIsCut) {
  NamedTensors tensors = {{"head.weight", Filled({2, 3}, 1.0F)}, {"head.bias", Filled({2}, 0.5F)}};
  for (int i = 10; i < 35; ++i) tensors[absl::StrCat("extra.", i)] = Filled({1}, 0.0F);
  const absl::Status status = Assign(tensors);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("extra.29"), Not(HasSubstr("extra.30")), HasSubstr("and 5 more")));
}

class SavedDTypeTest : public LoadWeightsTest, public ::testing::WithParamInterface<DType> {};

TEST_P(SavedDTypeTest, WhatIsSavedLoadsAsFloat32) {
  const std::string path =
      absl::StrCat(::testing::TempDir(), "saved_", std::string(ToString(GetParam())));
  ASSERT_TRUE(
      Assign({{"head.weight", Filled({2, 3}, 1.0F)}, {"head.bias", Filled({2}, 0.5F)}}).ok());
  ASSERT_TRUE(SaveWeights(parameters_, GetParam(), path).ok());
  EXPECT_EQ(ReadSafetensors(path)->tensors.at("head.bias").dtype(), GetParam());
  weight_->value = Value();
  ASSERT_TRUE(LoadWeights(path, *allocator_, parameters_).ok());
  EXPECT_EQ(weight_->value.tensor().dtype(), DType::kFloat32);
  EXPECT_EQ(weight_->value.tensor().data<float>()[5], 6.0F);
}

INSTANTIATE_TEST_SUITE_P(All, SavedDTypeTest,
                         ::testing::Values(DType::kFloat32, DType::kFloat16, DType::kBFloat16),
                         [](const auto& info) { return std::string(ToString(info.param)); });

TEST_F(LoadWeightsTest, LoadErrorsNameTheFile) {
  const std::string path = ::testing::TempDir() + "incomplete.safetensors";
  ASSERT_TRUE(WriteSafetensors(path, {{"head.bias", Filled({2}, 0.5F)}}).ok());
  EXPECT_THAT(LoadWeights(path, *allocator_, parameters_).message(),
              AllOf(HasSubstr(path), HasSubstr("\"head.weight\" is missing")));
}

TEST_F(LoadWeightsTest, AParameterWithoutAValueCannotBeSaved) {
  const absl::Status status = SaveWeights(parameters_, DType::kFloat32, "unused.safetensors");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("head.weight"));
}

}  // namespace
}  // namespace localmamba
