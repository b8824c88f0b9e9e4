#include "model/training/loss_scaler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace localmamba {
namespace {

using ::testing::HasSubstr;

TEST(LossScalerTest, HalvesOnNonFiniteAndDoublesAfterManyGoodSteps) {
  LossScaler scaler(DType::kFloat16);
  EXPECT_EQ(scaler.scale(), 65536);
  ASSERT_TRUE(scaler.Update(false, 0).ok());
  EXPECT_EQ(scaler.scale(), 32768);
  for (int64_t step = 1; step < 2000; ++step) ASSERT_TRUE(scaler.Update(true, step).ok());
  EXPECT_EQ(scaler.scale(), 32768);
  ASSERT_TRUE(scaler.Update(true, 2000).ok());
  EXPECT_EQ(scaler.scale(), 65536);
  EXPECT_EQ(scaler.state().skipped_steps, 1);
}

TEST(LossScalerTest, ABadStepStartsTheCountOfGoodOnesAnew) {
  LossScaler scaler(DType::kFloat16);
  for (int64_t step = 0; step < 1999; ++step) ASSERT_TRUE(scaler.Update(true, step).ok());
  ASSERT_TRUE(scaler.Update(false, 1999).ok());
  ASSERT_TRUE(scaler.Update(true, 2000).ok());
  EXPECT_EQ(scaler.scale(), 32768);
}

TEST(LossScalerTest, FailsAtTheStepWhereTheScaleFallsBelowOne) {
  LossScaler scaler(DType::kFloat16);
  for (int64_t step = 100; step < 116; ++step) ASSERT_TRUE(scaler.Update(false, step).ok());
  EXPECT_EQ(scaler.scale(), 1);
  const absl::Status status = scaler.Update(false, 116);
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("step 116"));
}

TEST(LossScalerTest, WithoutScaleFailsAfterTwentySkippedStepsInARow) {
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    LossScaler scaler(dtype);
    for (int64_t step = 0; step < 19; ++step) ASSERT_TRUE(scaler.Update(false, step).ok());
    ASSERT_TRUE(scaler.Update(true, 19).ok());
    for (int64_t step = 20; step < 39; ++step) ASSERT_TRUE(scaler.Update(false, step).ok());
    EXPECT_EQ(scaler.scale(), 1);
    EXPECT_THAT(std::string(scaler.Update(false, 39).message()), HasSubstr("step 39"));
  }
}

TEST(LossScalerTest, GoesOnFromARestoredState) {
  LossScaler first(DType::kFloat16);
  for (int64_t step = 0; step < 1500; ++step) ASSERT_TRUE(first.Update(true, step).ok());
  LossScaler second(DType::kFloat16);
  second.Restore(first.state());
  for (int64_t step = 1500; step < 2000; ++step) ASSERT_TRUE(second.Update(true, step).ok());
  EXPECT_EQ(second.scale(), 131072);
}

}  // namespace
}  // namespace localmamba
