#include "model/training/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "model/training/checkpoint_folder.h"
#include "model/weights/atomic_file.h"
#include "model/weights/safetensors.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string FolderOfTest() {
  const std::string folder =
      ::testing::TempDir() + "/" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

Checkpoint CheckpointAt(int64_t step) {
  Checkpoint checkpoint;
  checkpoint.run.settings = {{"recipe", {{"epochs", 5}, {"dtype", "f32"}}}};
  checkpoint.run.class_names = {"cat", "dog"};
  checkpoint.progress.step = step;
  checkpoint.progress.scaler = {
      .scale = 512, .good_steps = 3, .skipped_in_row = 1, .skipped_steps = 7};
  checkpoint.progress.epoch_loss_sum = 0.1;
  Tensor tensor = *AllocateHostTensor(DType::kFloat32, {2, 2});
  for (int i = 0; i < 4; ++i) tensor.data<float>()[i] = static_cast<float>(step + i) / 3;
  checkpoint.tensors.emplace("parameter/head.weight", tensor);
  return checkpoint;
}

Checkpoint EvaluatedCheckpoint(int64_t step, double top1) {
  Checkpoint checkpoint = CheckpointAt(step);
  checkpoint.progress.epochs.push_back(
      {.epoch = step,
       .train_loss = 0.7,
       .top1 = top1,
       .directions = {{.probability = {0.25, 0.75}, .entropy = 0.5, .margin = 0.5}}});
  return checkpoint;
}

// Files in a folder, sorted.
std::vector<std::string> Names(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(CheckpointTest, ReadsBackExactlyWhatWasWritten) {
  const std::string path = FolderOfTest() + "/c.safetensors";
  ASSERT_TRUE(WriteCheckpoint(path, EvaluatedCheckpoint(12, 1.0 / 3)).ok());
  const auto read = ReadCheckpoint(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->progress.step, 12);
  EXPECT_EQ(read->progress.scaler.scale, 512);
  EXPECT_EQ(read->progress.scaler.good_steps, 3);
  EXPECT_EQ(read->progress.scaler.skipped_in_row, 1);
  EXPECT_EQ(read->progress.scaler.skipped_steps, 7);
  EXPECT_EQ(read->progress.epoch_loss_sum, 0.1);
  ASSERT_EQ(read->progress.epochs.size(), 1U);
  EXPECT_EQ(read->progress.epochs[0].top1, 1.0 / 3);
  EXPECT_EQ(read->progress.epochs[0].top5, std::nullopt);
  ASSERT_EQ(read->progress.epochs[0].directions.size(), 1U);
  EXPECT_EQ(read->progress.epochs[0].directions[0].probability, (std::vector<double>{0.25, 0.75}));
  EXPECT_EQ(read->tensors.at("parameter/head.weight").data<float>()[1], 13.0F / 3);
  EXPECT_TRUE(CheckSameRun(read->run, CheckpointAt(0).run).ok());
}

TEST(CheckpointTest, ReadsBackALossThatJsonHasNoNumberFor) {
  const std::string path = FolderOfTest() + "/c.safetensors";
  Checkpoint checkpoint = CheckpointAt(3);
  checkpoint.progress.epoch_loss_sum = INFINITY;
  ASSERT_TRUE(WriteCheckpoint(path, checkpoint).ok());
  const auto read = ReadCheckpoint(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_FALSE(std::isfinite(read->progress.epoch_loss_sum));
}

TEST(CheckpointTest, AnotherRunIsRefusedNamingWhatDiffers) {
  const RunIdentity found = CheckpointAt(0).run;
  RunIdentity wanted = found;
  wanted.settings["recipe"]["epochs"] = 6;
  absl::Status status = CheckSameRun(found, wanted);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("/recipe/epochs is 5 in the checkpoint, 6 in this run"));
  wanted = found;
  wanted.class_names = {"cat", "horse"};
  status = CheckSameRun(found, wanted);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("the checkpoint has cat, dog; the data has cat, horse"));
}

TEST(CheckpointTest, AFileOfWeightsIsNoCheckpoint) {
  const std::string path = FolderOfTest() + "/c.safetensors";
  ASSERT_TRUE(WriteSafetensors(path, CheckpointAt(0).tensors).ok());
  const auto read = ReadCheckpoint(path);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("is not a checkpoint"));
}

TEST(StepsToRemoveTest, KeepsTheLastAndTheBest) {
  const std::vector<CheckpointRank> ranks = {{10, 0.5}, {20, 0.9},          {30, 0.9},
                                             {40, 0.7}, {45, std::nullopt}, {50, 0.6}};
  EXPECT_THAT(StepsToRemove(ranks, 2, 1), ElementsAre(10, 20, 40));
  EXPECT_THAT(StepsToRemove(ranks, 1, 3), ElementsAre(10, 45));
  EXPECT_THAT(StepsToRemove(ranks, 1, 0), ElementsAre(10, 20, 30, 40, 45));
  EXPECT_THAT(StepsToRemove(ranks, 6, 1), IsEmpty());
}

TEST(CheckpointFolderTest, IsEmptyBeforeTheFirstCheckpoint) {
  const auto found = CheckpointFolder("/nowhere/checkpoints", CheckpointConfig()).FindNewest();
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->newest.has_value());
  EXPECT_THAT(found->warnings, IsEmpty());
}

TEST(CheckpointFolderTest, AFolderThatCannotBeLookedAtIsNotTakenForAnEmptyOne) {
  const CheckpointFolder folder(FolderOfTest() + "/" + std::string(300, 'x'), {});
  EXPECT_FALSE(folder.FindNewest().ok());
}

TEST(CheckpointFolderTest, KeepsTheLastTwoAndTheBest) {
  const std::string path = FolderOfTest();
  CheckpointFolder folder(path, CheckpointConfig());
  int64_t step = 0;
  for (const double top1 : {0.2, 0.8, 0.5, 0.4, 0.3}) {
    step += 10;
    ASSERT_TRUE(folder.Write(EvaluatedCheckpoint(step, top1)).ok());
  }
  EXPECT_THAT(Names(path), ElementsAre("step-000000020.safetensors", "step-000000040.safetensors",
                                       "step-000000050.safetensors"));
  EXPECT_EQ(folder.FindNewest()->newest->progress.step, 50);
}

TEST(CheckpointFolderTest, RemovesWhatAKilledAttemptLeft) {
  const std::string folder = FolderOfTest();
  for (const char* name : {"step-000000003.safetensors.tmp-a1B2c3", "notes.tmp-a1B2c3"}) {
    ASSERT_TRUE(WriteFileAtomically(folder + "/" + name, "cut sho").ok());
  }
  ASSERT_TRUE(CheckpointFolder(folder, {}).Write(CheckpointAt(4)).ok());
  EXPECT_THAT(Names(folder), ElementsAre("notes.tmp-a1B2c3", "step-000000004.safetensors"));
}

TEST(CheckpointFolderTest, SkipsATruncatedCheckpointWithAWarning) {
  const std::string path = FolderOfTest();
  CheckpointFolder folder(path, CheckpointConfig());
  ASSERT_TRUE(folder.Write(CheckpointAt(1)).ok());
  const std::string newest = *folder.Write(CheckpointAt(2));
  fs::resize_file(newest, fs::file_size(newest) - 1);
  const auto found = folder.FindNewest();
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->newest->progress.step, 1);
  ASSERT_EQ(found->warnings.size(), 1U);
  EXPECT_THAT(found->warnings[0], HasSubstr("step-000000002.safetensors"));
}

TEST(CheckpointFolderTest, AFullDiskLeavesThePreviousCheckpointIntact) {
  const std::string path = FolderOfTest();
  CheckpointFolder folder(path, CheckpointConfig());
  ASSERT_TRUE(folder.Write(CheckpointAt(1)).ok());
  {
    // Beyond the limit a write fails as on a full disk, once the signal is ignored.
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{.rlim_cur = 256, .rlim_max = before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const absl::Cleanup restore = [&] {
      setrlimit(RLIMIT_FSIZE, &before);
      std::signal(SIGXFSZ, handler);
    };
    const auto written = folder.Write(CheckpointAt(2));
    EXPECT_FALSE(written.ok());
    EXPECT_THAT(std::string(written.status().message()), HasSubstr("step-000000002.safetensors"));
  }
  EXPECT_THAT(Names(path), ElementsAre("step-000000001.safetensors"));
  EXPECT_EQ(folder.FindNewest()->newest->progress.step, 1);
}

}  // namespace
}  // namespace localmamba
