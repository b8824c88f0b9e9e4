#include "server/jobs/local_process_runner.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/mutex.h"
#include "tests/support/source_dir.h"
#include "tests/support/temporary_folder.h"

namespace localmamba::server {
namespace {

using testing::HasSubstr;

class Observer final : public JobObserver {
 public:
  void OnEvent(const v1::TrainerEvent& event) override {
    MutexLock lock(mu_);
    events_.push_back(event);
  }
  void OnExit(const JobExit& exit) override {
    MutexLock lock(mu_);
    exit_ = exit;
  }

  JobExit AwaitExit() {
    MutexLock lock(mu_);
    mu_.Await([this] { return exit_.has_value(); });
    return *exit_;
  }
  // Until the trainer works.
  void AwaitProgress() {
    MutexLock lock(mu_);
    mu_.Await([this] { return !events_.empty() && events_.back().has_progress(); });
  }
  std::vector<v1::TrainerEvent> events() {
    MutexLock lock(mu_);
    return events_;
  }

 private:
  Mutex mu_;
  std::vector<v1::TrainerEvent> events_ ABSL_GUARDED_BY(mu_);
  std::optional<JobExit> exit_ ABSL_GUARDED_BY(mu_);
};

class LocalProcessRunnerTest : public testing::Test {
 protected:
  // What the fake trainer shall do.
  void Script(const std::string& json) { std::ofstream(folder_ / "script.json") << json; }
  void Hold() { std::ofstream(folder_ / "hold") << ""; }
  void Release() { std::filesystem::remove(folder_ / "hold"); }

  std::unique_ptr<RunningJob> Start(Observer& observer) {
    LocalProcessRunner runner({.trainer = trainer_, .stop_grace = stop_grace_});
    return runner.Start(
        {.folder = job_,
         .run_json = absl::StrCat("{\"data\": {\"path\": \"", folder_.path(), "\"}}"),
         .device = "cpu"},
        observer);
  }
  [[nodiscard]] std::string LogText() const {
    std::ifstream file(job_.log());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] pid_t TrainerPid() const {
    pid_t pid = 0;
    std::ifstream(job_.lock()) >> pid;
    return pid;
  }

  const TemporaryFolder folder_;
  const JobFolder job_{folder_ / "job-1"};
  std::string trainer_ = SourceDir() + "/tests/support/fake_trainer.py";
  absl::Duration stop_grace_ = absl::Minutes(5);
};

TEST_F(LocalProcessRunnerTest, TellsWhatTheTrainerReportsUntilItHasFinished) {
  Script(R"({"epochs": 2})");
  Observer observer;
  const auto running = Start(observer);
  const JobExit exit = observer.AwaitExit();
  EXPECT_EQ(exit.kind, JobExit::Kind::kFinished) << exit.message << LogText();
  const std::vector<v1::TrainerEvent> events = observer.events();
  ASSERT_EQ(events.size(), 7U);
  EXPECT_EQ(events[0].phase_started().total_epochs(), 2);
  EXPECT_EQ(events[1].progress().step(), 5);
  EXPECT_EQ(events[5].epoch_finished().top1(), 0.75);
  EXPECT_THAT(LogText(), HasSubstr("training on cpu from epoch 0\nfinished\n"));
}

TEST_F(LocalProcessRunnerTest, AStoppedTrainerWritesACheckpointAndGoesOnFromIt) {
  Script(R"({"epochs": 3})");
  Hold();
  {
    Observer observer;
    const auto running = Start(observer);
    observer.AwaitProgress();
    running->Stop();
    running->Stop();
    EXPECT_EQ(observer.AwaitExit().kind, JobExit::Kind::kStopped);
    EXPECT_TRUE(observer.events().back().has_stopped());
  }
  Release();
  std::ofstream(job_.output() + "/checkpoint.json") << R"({"epoch": 2})";
  Observer observer;
  const auto running = Start(observer);
  EXPECT_EQ(observer.AwaitExit().kind, JobExit::Kind::kFinished);
  EXPECT_EQ(observer.events()[0].phase_started().first_step(), 20);
  EXPECT_THAT(LogText(), HasSubstr("stopped\ntraining on cpu from epoch 2\nfinished\n"));
}

TEST_F(LocalProcessRunnerTest, ATrainerThatDoesNotStopIsKilled) {
  Script(R"({"deaf": true})");
  Hold();
  stop_grace_ = absl::Milliseconds(20);
  Observer observer;
  const auto running = Start(observer);
  observer.AwaitProgress();
  running->Stop();
  const JobExit exit = observer.AwaitExit();
  EXPECT_EQ(exit.kind, JobExit::Kind::kStopped);
  EXPECT_THAT(exit.message, HasSubstr("killed by signal 9"));
}

TEST_F(LocalProcessRunnerTest, TheSignalThatKilledATrainerIsNamed) {
  Script("{}");
  Hold();
  Observer observer;
  const auto running = Start(observer);
  observer.AwaitProgress();
  kill(TrainerPid(), SIGKILL);
  const JobExit exit = observer.AwaitExit();
  EXPECT_EQ(exit.kind, JobExit::Kind::kFailed);
  EXPECT_EQ(exit.message, "the trainer was killed by signal 9 (Killed)");
}

TEST_F(LocalProcessRunnerTest, AStopBySomebodyElseIsAFailure) {
  Script("{}");
  Hold();
  Observer observer;
  const auto running = Start(observer);
  observer.AwaitProgress();
  kill(TrainerPid(), SIGTERM);
  const JobExit exit = observer.AwaitExit();
  EXPECT_EQ(exit.kind, JobExit::Kind::kFailed);
  EXPECT_THAT(exit.message, HasSubstr("by a signal from elsewhere"));
}

TEST_F(LocalProcessRunnerTest, AnExitStatusIsExplained) {
  Script(R"({"exit": 3})");
  Observer observer;
  const auto running = Start(observer);
  EXPECT_EQ(observer.AwaitExit().message, "the trainer ended with status 3: training diverged");
}

TEST_F(LocalProcessRunnerTest, ATrainerThatSaysWhatNobodyUnderstandsIsKilled) {
  Script(absl::StrCat(R"({"garbage": "Traceback )", std::string(100, 'x'), "\"}"));
  Observer observer;
  const auto running = Start(observer);
  const JobExit exit = observer.AwaitExit();
  EXPECT_EQ(exit.kind, JobExit::Kind::kFailed);
  EXPECT_THAT(exit.message, HasSubstr("events cannot be read"));
}

TEST_F(LocalProcessRunnerTest, AMissingTrainerIsNamed) {
  trainer_ = "/nowhere/localmamba_trainer";
  Observer observer;
  const auto running = Start(observer);
  const JobExit exit = observer.AwaitExit();
  EXPECT_EQ(exit.kind, JobExit::Kind::kFailed);
  EXPECT_THAT(exit.message, HasSubstr("/nowhere/localmamba_trainer: cannot execute"));
}

TEST_F(LocalProcessRunnerTest, AnEarlierTrainersNumberIsForgottenBeforeTheNextIsStarted) {
  std::filesystem::create_directories(job_.path());
  std::ofstream(job_.lock()) << "12345\n";
  trainer_ = "/nowhere/localmamba_trainer";
  Observer observer;
  const auto running = Start(observer);
  observer.AwaitExit();
  EXPECT_EQ(std::filesystem::file_size(job_.lock()), 0U);
}

TEST_F(LocalProcessRunnerTest, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(job_.path()) << "a file";
  Observer observer;
  const auto running = Start(observer);
  EXPECT_THAT(observer.AwaitExit().message, HasSubstr("job-1/output: cannot create"));
}

TEST_F(LocalProcessRunnerTest, WaitsForATrainerThatAnotherServerLeft) {
  Script("{}");
  std::filesystem::create_directories(job_.path());
  const int lock = open(job_.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  {
    Observer observer;
    const auto running = Start(observer);
    running->Stop();
    EXPECT_EQ(observer.AwaitExit().message, "it was stopped before it began");
  }
  Observer observer;
  const auto running = Start(observer);
  close(lock);
  EXPECT_EQ(observer.AwaitExit().kind, JobExit::Kind::kFinished);
}

}  // namespace
}  // namespace localmamba::server
