#include "model/training/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "absl/strings/ascii.h"
#include "kernels/base/status_macros.h"
#include "model/search/supernet.h"
#include "model/training/stochastic_depth.h"
#include "model/weights/initialize.h"
#include "tests/support/tiny_training.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class RecordingObserver final : public TrainingObserver {
 public:
  absl::Status OnUnreadableImage(const std::string& /*why*/) override { return absl::OkStatus(); }
  absl::Status OnProgress(const ProgressReport& report) override {
    progress.push_back(report);
    return absl::OkStatus();
  }
  absl::Status OnEpoch(const EpochReport& report) override {
    epochs.push_back(report);
    return absl::OkStatus();
  }
  absl::Status OnCheckpoint(const std::string& /*path*/, int64_t step) override {
    checkpoints.push_back(step);
    if (step == stop_at) stop = true;
    return absl::OkStatus();
  }

  std::vector<ProgressReport> progress;
  std::vector<EpochReport> epochs;
  std::vector<int64_t> checkpoints;
  int64_t stop_at = -1;  // the checkpoint after which `stop` becomes true
  std::atomic<bool> stop = false;
};

Recipe TinyRecipe() {
  Recipe recipe;
  recipe.epochs = 2;
  recipe.batch_size = 8;
  recipe.optimizer.learning_rate = 5e-3;
  recipe.schedule.warmup_epochs = 0.25;
  recipe.schedule.warmup_learning_rate = 1e-3;
  recipe.drop_path = 0.1;
  recipe.ema_decay = 0.5;
  return recipe;
}

class TrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/trainer_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
  }

  [[nodiscard]] TrainerOptions Options(const Recipe& recipe, int64_t steps_per_epoch) const {
    TrainerOptions options{.recipe = recipe, .checkpoint_folder = folder_};
    options.run.settings = {{"epochs", recipe.epochs}};
    options.open_training = [=](int64_t first_step, Allocator& /*host*/) {
      return std::make_unique<TinySource>(recipe.batch_size, steps_per_epoch, first_step);
    };
    options.open_validation = [](Allocator& /*host*/) { return TinyValidation(64); };
    return options;
  }

  absl::StatusOr<std::unique_ptr<Trainer>> Create(const TrainerOptions& options,
                                                  const NetworkConfig& config = TinyLocalVim()) {
    std::unique_ptr<Network> network = *CreateNetwork(config);
    EXPECT_TRUE(InitializeParameters(network->parameters(), 42, *memory_).ok());
    return Trainer::Create(std::move(network), options, observer_, observer_.stop);
  }

  const std::unique_ptr<Allocator> memory_ = *CreateDeviceAllocator(Device::Cpu());
  RecordingObserver observer_;
  std::string folder_;
};

bool SameBits(const NamedTensors& a, const NamedTensors& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a) {
    const auto other = b.find(name);
    if (other == b.end() || other->second.shape() != tensor.shape()) return false;
    if (std::memcmp(tensor.data<float>(), other->second.data<float>(),
                    static_cast<size_t>(tensor.elements()) * sizeof(float)) != 0) {
      return false;
    }
  }
  return true;
}

// On the CPU in float32, on CUDA in float16 with loss scaling.
class TrainerDeviceTest : public TrainerTest, public ::testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    TrainerTest::SetUp();
    const auto device = Device::Parse(absl::AsciiStrToLower(GetParam()));
    if (!device.ok()) GTEST_SKIP() << device.status();
    device_ = *device;
  }

  [[nodiscard]] TrainerOptions Options(const Recipe& recipe, int64_t steps_per_epoch) const {
    TrainerOptions options = TrainerTest::Options(recipe, steps_per_epoch);
    options.device = device_;
    return options;
  }

 private:
  Device device_;
};

INSTANTIATE_TEST_SUITE_P(Devices, TrainerDeviceTest, ::testing::Values("Cpu", "Cuda"),
                         [](const auto& info) { return info.param; });

TEST_P(TrainerDeviceTest, LearnsFarBeyondChanceInSeconds) {
  Recipe recipe = TinyRecipe();
  recipe.epochs = 3;
  recipe.batch_size = 16;
  recipe.ema_decay = 0.9;
  const auto trainer = *Create(Options(recipe, 20));
  const auto end = trainer->Run();
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(*end, Trainer::End::kFinished);
  ASSERT_THAT(observer_.epochs, SizeIs(3));
  EXPECT_LT(observer_.epochs[2].result.train_loss, observer_.epochs[0].result.train_loss);
  EXPECT_GT(observer_.epochs[2].result.top1, 0.9);  // chance: 0.25
  EXPECT_THAT(observer_.checkpoints, ::testing::ElementsAre(20, 40, 60));
}

TEST_P(TrainerDeviceTest, AResumedRunIsBitForBitTheUninterruptedOne) {
  Recipe recipe = TinyRecipe();
  recipe.checkpoints.every_steps = 1;
  recipe.accumulation_steps = 2;
  const auto straight = *Create(Options(recipe, 3));
  ASSERT_TRUE(straight->Run().ok());
  const NamedTensors expected = ReadCheckpoint(straight->checkpoint_path())->tensors;

  fs::remove_all(folder_);
  for (const int64_t stop_at : {1, 3, 5, -1}) {  // within epochs and between them
    observer_.stop = false;
    observer_.stop_at = stop_at;
    const auto part = *Create(Options(recipe, 3));
    const auto end = part->Run();
    ASSERT_TRUE(end.ok()) << end.status();
    EXPECT_EQ(*end, stop_at < 0 ? Trainer::End::kFinished : Trainer::End::kStopped);
    if (stop_at < 0) {
      EXPECT_EQ(part->progress().step, 6);
      EXPECT_TRUE(SameBits(ReadCheckpoint(part->checkpoint_path())->tensors, expected));
      ASSERT_THAT(part->progress().epochs, SizeIs(2));
      EXPECT_EQ(part->progress().epochs[0].train_loss, straight->progress().epochs[0].train_loss);
      EXPECT_EQ(part->progress().epochs[1].top1, straight->progress().epochs[1].top1);
    }
  }
}

TEST_F(TrainerTest, AFinishedRunIsFinishedWhenStartedAgain) {
  const TrainerOptions options = Options(TinyRecipe(), 1);
  const auto first = *Create(options);
  ASSERT_TRUE(first->Run().ok());
  const auto second = *Create(options);
  EXPECT_EQ(*second->Run(), Trainer::End::kFinished);
  EXPECT_TRUE(SameBits(*first->Weights(), *second->Weights()));
  EXPECT_THAT(observer_.epochs, SizeIs(2));
}

TEST_F(TrainerTest, TheCheckpointOfAnotherRunIsRefused) {
  TrainerOptions options = Options(TinyRecipe(), 1);
  const auto first = *Create(options);
  ASSERT_TRUE(first->Run().ok());
  options.run.settings["epochs"] = 7;
  const auto second = Create(options);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("/epochs is 2 in the checkpoint, 7 in this run"));
}

// Batches whose images have an infinity.
class InfiniteSource final : public BatchSource {
 public:
  absl::StatusOr<TrainingBatch> Next() override {
    LM_ASSIGN_OR_RETURN(TrainingBatch batch, good_.Next());
    batch.images.data<float>()[0] = std::numeric_limits<float>::infinity();
    return batch;
  }
  [[nodiscard]] int64_t steps_per_epoch() const override { return 100; }

 private:
  TinySource good_{8, 100, 0};
};

TEST_F(TrainerTest, PersistentNonFiniteGradientsFailNamingTheStep) {
  TrainerOptions options = Options(TinyRecipe(), 100);
  options.open_training = [](int64_t /*first_step*/, Allocator& /*host*/) {
    return std::make_unique<InfiniteSource>();
  };
  const auto trainer = *Create(options);
  const NamedTensors before = *trainer->Weights();
  const auto end = trainer->Run();
  EXPECT_EQ(end.status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("step 19"));
  EXPECT_TRUE(SameBits(*trainer->Weights(), before));
}

TEST_F(TrainerTest, AnErrorOfTheDataEndsTheRunWithIt) {
  TrainerOptions options = Options(TinyRecipe(), 1);
  options.open_training = [](int64_t /*first_step*/,
                             Allocator& /*host*/) -> absl::StatusOr<std::unique_ptr<BatchSource>> {
    return absl::InvalidArgumentError("too many unreadable images");
  };
  EXPECT_THAT(std::string(Create(options).status().message()), HasSubstr("unreadable"));
}

TEST_F(TrainerTest, ReportsProgressOnceASecondAndAtTheEnd) {
  TrainerOptions options = Options(TinyRecipe(), 4);
  absl::Time now = absl::UnixEpoch();
  options.now = [&now] { return now += absl::Milliseconds(300); };
  const auto trainer = *Create(options);
  ASSERT_TRUE(trainer->Run().ok());
  ASSERT_FALSE(observer_.progress.empty());
  EXPECT_LE(observer_.progress.size(), 3U);
  EXPECT_EQ(observer_.progress.back().step, 8);
  const ProgressReport& report = observer_.progress[0];
  EXPECT_EQ(report.total_steps, 8);
  EXPECT_GT(report.images_per_second, 0);
  EXPECT_GT(report.loss, 0);
  EXPECT_GT(report.peak_memory_bytes, 0);
}

TEST_F(TrainerTest, ReportsProgressOfEpochsThatAreShorterThanASecond) {
  Recipe recipe = TinyRecipe();
  recipe.epochs = 20;
  TrainerOptions options = Options(recipe, 1);
  absl::Time now = absl::UnixEpoch();
  options.now = [&now] { return now += absl::Milliseconds(50); };
  const auto trainer = *Create(options);
  ASSERT_TRUE(trainer->Run().ok());
  ASSERT_GE(observer_.progress.size(), 3U);
  int64_t step = 0;  // of the report before
  for (const ProgressReport& report : observer_.progress) {
    double sum = 0;  // an epoch is a step here
    const int64_t count = report.step - step;
    ASSERT_GE(count, 2);
    for (; step < report.step; ++step) {
      sum += observer_.epochs[static_cast<size_t>(step)].result.train_loss;
    }
    EXPECT_DOUBLE_EQ(report.loss, sum / static_cast<double>(count));
  }
}

TEST_F(TrainerTest, ASupernetReportsTheProbabilitiesOfItsDirections) {
  TrainerOptions options = Options(TinyRecipe(), 2);
  options.directions_per_layer = 2;
  const auto trainer = *Create(options, *MakeSupernet(TinyLocalVim(), {.directions_per_layer = 2}));
  ASSERT_TRUE(trainer->Run().ok());
  ASSERT_THAT(observer_.epochs, SizeIs(2));
  for (const EpochReport& epoch : observer_.epochs) {
    ASSERT_THAT(epoch.result.directions, SizeIs(2));
    for (const DirectionProbabilities& layer : epoch.result.directions) {
      EXPECT_THAT(layer.probability, SizeIs(8));
      EXPECT_NEAR(layer.entropy, std::log(8.0), 0.1);  // nearly uniform at the start
    }
  }
}

TEST(BranchFactorsTest, DropMoreOftenInDeeperLayers) {
  const auto factors = BranchFactors(0.5, 3, 1000, 42, 7);
  ASSERT_THAT(factors, SizeIs(3000));
  EXPECT_EQ(factors, BranchFactors(0.5, 3, 1000, 42, 7));
  EXPECT_NE(factors, BranchFactors(0.5, 3, 1000, 42, 8));
  const auto dropped = [&](int64_t layer) {
    return std::count(factors.begin() + layer * 1000, factors.begin() + (layer + 1) * 1000, 0.0F);
  };
  EXPECT_EQ(dropped(0), 0);
  // Five standard deviations of a binomial distribution.
  EXPECT_NEAR(static_cast<double>(dropped(1)), 250, 70);
  EXPECT_NEAR(static_cast<double>(dropped(2)), 500, 80);
  EXPECT_EQ(*std::max_element(factors.begin() + 2000, factors.end()), 2.0F);
}

}  // namespace
}  // namespace localmamba
