// Runs localmamba_trainer as the job service does.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "localmamba/v1/trainer_event.pb.h"
#include "model/search/supernet.h"
#include "model/weights/safetensors.h"
#include "nlohmann/json.hpp"
#include "server/repository/model_version.h"
#include "tests/support/tiny_image_folder.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::SizeIs;
using v1::TrainerEvent;

std::string ReadText(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct ProcessResult {
  int exit_status = -1;  // 128 and the signal's number if it died of one
  std::vector<TrainerEvent> events;
  std::string err;

  [[nodiscard]] const TrainerEvent* Find(TrainerEvent::EventCase kind) const {
    for (const TrainerEvent& event : events) {
      if (event.event_case() == kind) return &event;
    }
    return nullptr;
  }
};

// Takes the first whole message off `bytes`, if there is one.
bool TakeEvent(std::string& bytes, TrainerEvent& event) {
  google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  bool at_end = false;
  if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&event, &stream, &at_end)) {
    return false;
  }
  bytes.erase(0, static_cast<size_t>(stream.ByteCount()));
  return true;
}

class TrainerProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "trainer-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    WriteTinyImageFolder(folder_ + "/data", 24, 8);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // on_event: sees each event when it comes, and may send signals to the process.
  ProcessResult Run(const std::string& run_json,
                    const std::function<void(const TrainerEvent&, pid_t)>& on_event = {}) {
    std::ofstream(folder_ + "/run.json") << run_json;
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      const int err = open((folder_ + "/err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      dup2(err, STDERR_FILENO);
      const std::string fd = std::to_string(ends[1]);
      execl(LOCALMAMBA_TRAINER, LOCALMAMBA_TRAINER, "--run", (folder_ + "/run.json").c_str(),
            "--output", (folder_ + "/out").c_str(), "--device", "cpu", "--threads", "2",
            "--events-fd", fd.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    ProcessResult result;
    std::string bytes;
    char buffer[4096];
    for (ssize_t count; (count = read(ends[0], buffer, sizeof(buffer))) > 0;) {
      bytes.append(buffer, static_cast<size_t>(count));
      for (TrainerEvent event; TakeEvent(bytes, event); event.Clear()) {
        result.events.push_back(event);
        if (on_event) on_event(event, child);
      }
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result.err = ReadText(folder_ + "/err");
    return result;
  }

  [[nodiscard]] std::string Json(const std::string& recipe = "", const std::string& more = "") {
    return TinyRunJson(folder_ + "/data", recipe, more);
  }

  std::string folder_;
};

TEST_F(TrainerProcessTest, TrainsAModelThatCanBeServed) {
  const ProcessResult result = Run(Json());
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const TrainerEvent* started = result.Find(TrainerEvent::kPhaseStarted);
  ASSERT_NE(started, nullptr);
  EXPECT_EQ(started->phase_started().phase(), v1::PHASE_TRAIN);
  EXPECT_EQ(started->phase_started().train_images(), 96);
  EXPECT_EQ(started->phase_started().validation_images(), 32);
  EXPECT_EQ(started->phase_started().classes(), 4);
  EXPECT_EQ(started->phase_started().steps_per_epoch(), 6);
  const TrainerEvent& last = result.events.back();
  ASSERT_EQ(last.event_case(), TrainerEvent::kFinished);
  EXPECT_GT(last.finished().top1(), 0.8);  // chance: 0.25

  const auto folder = ReadModelFolder(last.finished().result());
  ASSERT_TRUE(folder.ok()) << folder.status();
  const auto version = LoadModelVersion(*folder, 1, EngineOptions());
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_EQ((*version)->labels, (std::vector<std::string>{"c0", "c1", "c2", "c3"}));
  const auto metrics =
      nlohmann::json::parse(ReadText(last.finished().result() + "/1/metrics.json"));
  EXPECT_EQ(metrics.at("top1").get<double>(), last.finished().top1());
  EXPECT_EQ(metrics.at("recipe").at("epochs").get<int>(), 4);
  EXPECT_THAT(metrics.at("training").at("epochs"), SizeIs(4));
  EXPECT_FALSE(fs::is_empty(folder_ + "/out/train/events"));
}

TEST_F(TrainerProcessTest, SearchesDirectionsAndTrainsTheFoundNetwork) {
  const ProcessResult result = Run(Json(
      R"(, "seed": 3)",
      R"(, "search": {"candidates": ["h", "v", "w2"], "directions_per_layer": 2, "width": 16})"));
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const TrainerEvent* found = result.Find(TrainerEvent::kDirectionsFound);
  ASSERT_NE(found, nullptr);
  ASSERT_EQ(found->directions_found().layers_size(), 2);
  EXPECT_EQ(found->directions_found().layers(0).directions_size(), 2);
  const TrainerEvent* epoch = result.Find(TrainerEvent::kEpochFinished);
  ASSERT_NE(epoch, nullptr);
  EXPECT_EQ(epoch->epoch_finished().phase(), v1::PHASE_SEARCH);
  ASSERT_EQ(epoch->epoch_finished().directions_size(), 2);
  EXPECT_EQ(epoch->epoch_finished().directions(0).probability_size(), 3);
  ASSERT_EQ(result.events.back().event_case(), TrainerEvent::kFinished);
  const std::string& folder = result.events.back().finished().result();
  const NetworkConfig network = ReadModelFolder(folder)->spec.network;
  const std::vector<LayerDirections>& layers = Scan(network).directions;
  ASSERT_THAT(layers, SizeIs(2));
  EXPECT_EQ(layers[0][0].ToString(), found->directions_found().layers(0).directions(0));
  EXPECT_EQ(layers[1][1].ToString(), found->directions_found().layers(1).directions(1));
  const auto metrics = nlohmann::json::parse(ReadText(folder + "/1/metrics.json"));
  EXPECT_THAT(metrics.at("search").at("layers"), SizeIs(2));
}

TEST_F(TrainerProcessTest, WithoutRetrainingTheResultIsTheUntrainedNetwork) {
  const ProcessResult result =
      Run(Json("", R"(, "search": {"candidates": ["h", "v"], "directions_per_layer": 1,
                             "retrain": false})"));
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_FALSE(result.events.back().finished().has_top1());
  EXPECT_FALSE(fs::exists(folder_ + "/out/train"));
  EXPECT_TRUE(ReadModelFolder(result.events.back().finished().result()).ok());
}

TEST_F(TrainerProcessTest, WeightsAreStoredAsTheRunSays) {
  const ProcessResult result = Run(Json("", R"(, "weights_dtype": "f16")"));
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const auto weights =
      ReadSafetensors(result.events.back().finished().result() + "/1/weights.safetensors");
  ASSERT_TRUE(weights.ok()) << weights.status();
  for (const auto& [name, tensor] : weights->tensors) {
    EXPECT_EQ(tensor.dtype(), DType::kFloat16) << name;
  }
}

TEST_F(TrainerProcessTest, StopsWithACheckpointAndGoesOnFromIt) {
  const ProcessResult stopped = Run(Json(), [](const TrainerEvent& event, pid_t child) {
    if (event.has_epoch_finished() && event.epoch_finished().epoch() == 1) kill(child, SIGTERM);
  });
  ASSERT_EQ(stopped.exit_status, 4) << stopped.err;
  const TrainerEvent& last = stopped.events.back();
  ASSERT_EQ(last.event_case(), TrainerEvent::kStopped);
  EXPECT_TRUE(fs::exists(last.stopped().checkpoint()));
  EXPECT_THAT(last.stopped().step(), AllOf(Ge(6), Le(24)));

  const ProcessResult resumed = Run(Json());
  ASSERT_EQ(resumed.exit_status, 0) << resumed.err;
  EXPECT_EQ(resumed.Find(TrainerEvent::kPhaseStarted)->phase_started().first_step(),
            last.stopped().step());
  EXPECT_GT(resumed.events.back().finished().top1(), 0.8);
}

TEST_F(TrainerProcessTest, AKilledRunGoesOnFromItsLastCheckpoint) {
  const ProcessResult killed = Run(Json(), [](const TrainerEvent& event, pid_t child) {
    if (event.has_checkpoint_written()) kill(child, SIGKILL);
  });
  ASSERT_EQ(killed.exit_status, 128 + SIGKILL);
  const ProcessResult resumed = Run(Json());
  ASSERT_EQ(resumed.exit_status, 0) << resumed.err;
  EXPECT_GE(resumed.Find(TrainerEvent::kPhaseStarted)->phase_started().first_step(), 6);
}

TEST_F(TrainerProcessTest, AnotherRunInTheSameFolderIsRefused) {
  ASSERT_EQ(Run(Json(R"(, "seed": 1)")).exit_status, 0);
  const ProcessResult result = Run(Json(R"(, "seed": 2)"));
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("/recipe/seed is"));
  ASSERT_EQ(result.events.back().event_case(), TrainerEvent::kFailed);
  EXPECT_EQ(result.events.back().failed().code(),
            static_cast<int>(absl::StatusCode::kFailedPrecondition));
}

TEST_F(TrainerProcessTest, ASearchInTheFolderOfARunWithoutOneIsRefusedBeforeItBegins) {
  ASSERT_EQ(Run(Json()).exit_status, 0);
  const ProcessResult result =
      Run(Json("", R"(, "search": {"candidates": ["h", "v"], "directions_per_layer": 1})"));
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("is of a run without \"search\""));
  EXPECT_EQ(result.Find(TrainerEvent::kPhaseStarted), nullptr);
}

TEST_F(TrainerProcessTest, AFolderThatAnotherTrainerHasIsRefused) {
  fs::create_directories(folder_ + "/out");
  const int file =
      open((folder_ + "/out/trainer.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(flock(file, LOCK_EX), 0);
  const ProcessResult refused = Run(Json());
  close(file);
  EXPECT_EQ(refused.exit_status, 2);
  EXPECT_THAT(refused.err, HasSubstr("/out: is in use by another trainer"));
  EXPECT_EQ(Run(Json()).exit_status, 0);
}

TEST_F(TrainerProcessTest, ARunThatCannotBeginLeavesNoFolder) {
  std::string json = Json();
  const std::string batch = R"("batch_size": 16)";
  json.replace(json.find(batch), batch.size(), R"("batch_size": 98)");
  const ProcessResult large = Run(json);
  EXPECT_EQ(large.exit_status, 2);
  EXPECT_THAT(large.err, HasSubstr("recipe.batch_size: 98, wanted at most the 96 images"));
  const ProcessResult half = Run(Json(R"(, "dtype": "f16")"));
  EXPECT_EQ(half.exit_status, 2);
  EXPECT_THAT(half.err, HasSubstr("recipe.dtype: f16 on cpu, wanted f32"));
  EXPECT_FALSE(fs::exists(folder_ + "/out"));
}

TEST_F(TrainerProcessTest, DataThatIsNotThereIsNamedOnce) {
  fs::remove_all(folder_ + "/data");
  const ProcessResult result = Run(Json());
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr(absl::StrCat("localmamba_trainer: data.path: ", folder_,
                                                 "/data: does not exist")));
}

TEST_F(TrainerProcessTest, OtherInitialWeightsInTheSameFolderAreRefused) {
  const ProcessResult first = Run(Json());
  ASSERT_EQ(first.exit_status, 0) << first.err;
  const std::string weights = folder_ + "/first.safetensors";
  fs::copy_file(first.events.back().finished().result() + "/1/weights.safetensors", weights);
  const ProcessResult result =
      Run(Json("", absl::StrCat(R"(, "initial_weights": ")", weights, R"(")")));
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("/initial_weights is \"\" in the checkpoint"));
}

TEST_F(TrainerProcessTest, AnUnusableRunFileHasAnExitStatusOfItsOwn) {
  const ProcessResult result = Run(Json(R"(, "epoch": 1)"));
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("epoch"));
  ASSERT_EQ(result.events.size(), 1U);
  EXPECT_THAT(result.events[0].failed().message(), HasSubstr("run.json"));
}

TEST_F(TrainerProcessTest, AnEmptyClassIsUnusableData) {
  fs::create_directories(folder_ + "/data/train/c4");
  const ProcessResult result = Run(Json());
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("c4"));
}

TEST_F(TrainerProcessTest, TooManyUnreadableImagesAreUnusableData) {
  for (int i = 0; i < 12; ++i) {
    std::ofstream(absl::StrCat(folder_, "/data/train/c0/", i, ".png")) << "no image";
  }
  const ProcessResult result = Run(Json());
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("unreadable"));
}

TEST_F(TrainerProcessTest, SkippedImagesAreNamedOnceAndCounted) {
  std::ofstream(folder_ + "/data/train/c0/0.png") << "no image";
  std::string json = Json();
  const std::string path = folder_ + "/data\"";
  json.replace(json.find(path), path.size(), path + R"(, "max_unreadable_share": 0.1)");
  const ProcessResult result = Run(json);
  EXPECT_EQ(result.exit_status, 0);
  const std::string warning = "warning: image skipped: train/c0/0.png";
  EXPECT_THAT(result.err, HasSubstr(warning));
  EXPECT_EQ(result.err.find(warning), result.err.rfind(warning));
  EXPECT_THAT(result.err, ::testing::ContainsRegex("epoch 4 done .* unreadable 1 "));
}

TEST_F(TrainerProcessTest, AnErrorThatNamesAFileInAnotherEncodingReachesTheReaderOfEvents) {
  std::ofstream(absl::StrCat(folder_, "/data/train/c0/\xe9.png")) << "no image";
  std::string json = Json();
  const std::string path = folder_ + "/data\"";
  json.replace(json.find(path), path.size(), path + R"(, "max_unreadable_share": 0)");
  const ProcessResult result = Run(json);
  EXPECT_EQ(result.exit_status, 2);
  ASSERT_EQ(result.events.back().event_case(), TrainerEvent::kFailed);
  EXPECT_THAT(result.events.back().failed().message(), HasSubstr("c0/\uFFFD.png"));
}

TEST_F(TrainerProcessTest, AnEmptyOutputIsRefused) {
  const std::string command =
      absl::StrCat(LOCALMAMBA_TRAINER, " --run x --output '' 2> ", folder_, "/err");
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 2);
  EXPECT_THAT(ReadText(folder_ + "/err"), HasSubstr("--output is \"\""));
}

TEST_F(TrainerProcessTest, AnEventsDescriptorThatIsNotOpenIsRefused) {
  const std::string command = absl::StrCat(LOCALMAMBA_TRAINER, " --run x --output ", folder_,
                                           "/out --events-fd 99 2> ", folder_, "/err");
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 2);
  EXPECT_THAT(ReadText(folder_ + "/err"), HasSubstr("--events-fd 99"));
}

TEST_F(TrainerProcessTest, ADivergedRunHasAnExitStatusOfItsOwn) {
  // Learning rates so large that the first updates overflow.
  std::string json = Json(R"(, "checkpoints": {"every_steps": 1})");
  const std::string rate = R"("learning_rate": 0.01)";
  json.replace(json.find(rate), rate.size(), R"("learning_rate": 1e38)");
  const ProcessResult result = Run(json);
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_THAT(result.err, HasSubstr("diverged"));
  EXPECT_EQ(result.events.back().failed().code(), static_cast<int>(absl::StatusCode::kAborted));
}

}  // namespace
}  // namespace localmamba
