#include "server/jobs/job_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_job_runner.h"
#include "tests/support/temporary_folder.h"

namespace localmamba::server {
namespace {

using admin::v1::JOB_STATE_CANCELLED;
using admin::v1::JOB_STATE_FAILED;
using admin::v1::JOB_STATE_QUEUED;
using admin::v1::JOB_STATE_RUNNING;
using admin::v1::JOB_STATE_SUCCEEDED;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr int64_t kAll = 1000;

// Wakes a test when a job changes.
class Watcher final : public JobWatcher {
 public:
  void OnJobChanged() override {
    MutexLock lock(mu_);
    ++changes_;
  }
  // Waits until `condition`, which changes of the job make true.
  template <class Condition>
  void Await(Condition condition) {
    while (true) {
      const int seen = changes();
      if (condition()) return;
      MutexLock lock(mu_);
      mu_.Await([&] { return changes_ != seen; });
    }
  }

 private:
  int changes() {
    MutexLock lock(mu_);
    return changes_;
  }

  Mutex mu_;
  int changes_ ABSL_GUARDED_BY(mu_) = 0;
};

class JobSchedulerTest : public testing::Test {
 protected:
  JobSchedulerTest() { Begin(); }

  // As a server that starts.
  void Begin() {
    store_ = *JobStore::Open(folder_ / "jobs.sqlite3");
    options_.folder = folder_.path();
    registry_ = std::make_unique<prometheus::Registry>();
    metrics_ = std::make_unique<JobMetrics>(*registry_);
    runner_ = std::make_unique<FakeJobRunner>();
    scheduler_ = std::make_unique<JobScheduler>(
        options_, *store_, *runner_,
        [this](const std::string& model, const std::string& result, const std::string& job_json) {
          published_.push_back(model + " " + result + " " + job_json);
          return publication_;
        },
        *metrics_, clock_, log_);
    ASSERT_TRUE(scheduler_->Start().ok());
  }
  // Without a word to it: its trainers end with it.
  void Crash() {
    const TemporaryFolder copy;
    const auto options = std::filesystem::copy_options::recursive |
                         std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy(folder_.path(), copy.path(), options);
    EndScheduler();
    std::filesystem::remove_all(folder_.path());
    std::filesystem::copy(copy.path(), folder_.path(), options);
  }
  void EndScheduler() {
    scheduler_->BeginStop();
    for (size_t i = 0; i < runner_->count(); ++i) {
      const FakeJobRunner::Started job = runner_->Await(i);
      if (*job.stop_requested && !*job.ended) job.EndStopped();
    }
    scheduler_.reset();
    store_.reset();
  }
  void TearDown() override {
    if (scheduler_ != nullptr) EndScheduler();
  }

  Job Create(const JobRequest& request = {}) {
    v1::TrainingRun run;
    run.mutable_data()->set_path("/data");
    return *scheduler_->Create("m", run, request);
  }
  Job AwaitState(const std::string& id, JobState state) {
    const auto watcher = std::make_shared<Watcher>();
    scheduler_->watchers().Add(std::stoll(id.substr(4)), watcher);
    watcher->Await([&] { return scheduler_->Get(id)->state() == state; });
    return *scheduler_->Get(id);
  }
  [[nodiscard]] std::string Metrics() const {
    return prometheus::TextSerializer().Serialize(registry_->Collect());
  }

  const TemporaryFolder folder_;
  FakeClock clock_;
  const Log log_ = *Log::ToStderr("error");
  JobScheduler::Options options_;
  absl::StatusOr<int64_t> publication_ = int64_t{4};
  std::vector<std::string> published_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<prometheus::Registry> registry_;
  std::unique_ptr<JobMetrics> metrics_;
  std::unique_ptr<FakeJobRunner> runner_;
  std::unique_ptr<JobScheduler> scheduler_;
};

TEST_F(JobSchedulerTest, AJobThatFinishesIsPublished) {
  const Job created = Create();
  EXPECT_EQ(created.id(), "job-1");
  EXPECT_EQ(created.state(), JOB_STATE_QUEUED);
  const FakeJobRunner::Started started = runner_->Await(0);
  EXPECT_EQ(started.task.device, "cpu");
  EXPECT_THAT(started.task.run_json, HasSubstr("/data"));
  EXPECT_EQ(scheduler_->Get("job-1")->state(), JOB_STATE_RUNNING);
  clock_.Advance(absl::Seconds(60));
  started.Finish("/result");
  const Job job = AwaitState("job-1", JOB_STATE_SUCCEEDED);
  EXPECT_EQ(job.version(), 4);
  EXPECT_EQ(job.attempts(), 1);
  EXPECT_EQ(job.end_time().seconds() - job.start_time().seconds(), 60);
  ASSERT_EQ(published_.size(), 1U);
  EXPECT_THAT(published_[0], HasSubstr("m /result {\"id\":\"job-1\",\"create_time\":"));
}

TEST_F(JobSchedulerTest, FoundDirectionsThatAreNotRetrainedAreNotPublished) {
  v1::TrainingRun run;
  run.mutable_search()->set_retrain(false);
  ASSERT_TRUE(scheduler_->Create("m", run, {}).ok());
  const FakeJobRunner::Started started = runner_->Await(0);
  v1::TrainerEvent event;
  event.mutable_directions_found()->add_layers()->add_directions("h");
  started.Report(event);
  started.Finish("/result");
  const Job job = AwaitState("job-1", JOB_STATE_SUCCEEDED);
  EXPECT_EQ(job.version(), 0);
  EXPECT_EQ(job.message(), "found directions are not retrained: no version was published");
  EXPECT_EQ(job.directions().layers_size(), 1);
  EXPECT_THAT(published_, IsEmpty());
}

TEST_F(JobSchedulerTest, ASearchThatRetrainsIsPublished) {
  v1::TrainingRun run;
  run.mutable_search();
  ASSERT_TRUE(scheduler_->Create("m", run, {}).ok());
  runner_->Await(0).Finish("/result");
  EXPECT_EQ(AwaitState("job-1", JOB_STATE_SUCCEEDED).version(), 4);
}

TEST_F(JobSchedulerTest, ReportsAreKept) {
  Create();
  const FakeJobRunner::Started started = runner_->Await(0);
  v1::TrainerEvent event;
  event.mutable_phase_started()->set_total_epochs(3);
  started.Report(event);
  event.mutable_progress()->set_step(50);
  event.mutable_progress()->set_total_steps(200);
  event.mutable_progress()->set_loss(1.5);
  event.mutable_progress()->set_images_per_second(90);
  started.Report(event);
  EXPECT_THAT(Metrics(), HasSubstr("localmamba_job_progress_ratio{job=\"job-1\"} 0.25"));
  EXPECT_THAT(Metrics(), HasSubstr("localmamba_jobs{state=\"running\"} 1"));
  for (const double loss : {2.0, 1.0}) {  // the second time after a resumption
    event.mutable_epoch_finished()->set_epoch(1);
    event.mutable_epoch_finished()->set_train_loss(loss);
    started.Report(event);
  }
  event.mutable_checkpoint_written()->set_path("/checkpoint");
  started.Report(event);
  started.Fail("the trainer ended with status 1");
  AwaitState("job-1", JOB_STATE_FAILED);
  const Job job = *store_->Get(1);
  EXPECT_EQ(job.phase().total_epochs(), 3);
  EXPECT_EQ(job.progress().step(), 50);
  ASSERT_EQ(job.epochs_size(), 1);
  EXPECT_EQ(job.epochs(0).train_loss(), 1.0);
  EXPECT_EQ(job.checkpoint(), "/checkpoint");
  EXPECT_EQ(job.message(), "the trainer ended with status 1");
  EXPECT_THAT(Metrics(), Not(HasSubstr("job-1")));
  EXPECT_THAT(Metrics(), HasSubstr("localmamba_jobs{state=\"failed\"} 1"));
}

TEST_F(JobSchedulerTest, RunsAsManyAsAllowedInTheirOrderEachOnTheDeviceWithTheFewest) {
  EndScheduler();
  options_.max_running_jobs = 3;
  options_.devices = {"cuda:0", "cuda:1"};
  Begin();
  for (int i = 0; i < 4; ++i) Create();
  EXPECT_EQ(runner_->Await(0).task.device, "cuda:0");
  EXPECT_EQ(runner_->Await(1).task.device, "cuda:1");
  EXPECT_EQ(runner_->Await(2).task.device, "cuda:0");
  EXPECT_EQ(scheduler_->Get("job-4")->state(), JOB_STATE_QUEUED);
  runner_->Await(1).Finish("/result");
  EXPECT_EQ(runner_->Await(3).task.device, "cuda:1");
  EXPECT_EQ(scheduler_->Get("job-4")->state(), JOB_STATE_RUNNING);
}

TEST_F(JobSchedulerTest, AFullQueueRefuses) {
  EndScheduler();
  options_.max_queued_jobs = 1;
  Begin();
  Create();
  runner_->Await(0);
  Create({"key", "content"});
  const absl::Status status = scheduler_->Create("m", {}, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("max_queued_jobs is 1"));
  EXPECT_EQ(Create({"key", "content"}).id(), "job-2");  // it has its place
}

TEST_F(JobSchedulerTest, ARequestIsDoneOnce) {
  EXPECT_EQ(Create({"key", "content"}).id(), "job-1");
  runner_->Await(0);
  const Job again = Create({"key", "content"});
  EXPECT_EQ(again.id(), "job-1");
  EXPECT_EQ(again.state(), JOB_STATE_RUNNING);
  EXPECT_EQ(scheduler_->Create("m", {}, {"key", "other"}).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(scheduler_->List({}, kAll, kAll)->size(), 1U);
}

TEST_F(JobSchedulerTest, AQueuedJobIsCancelledAtOnce) {
  Create();
  runner_->Await(0);
  Create();
  const Job cancelled = *scheduler_->Cancel("job-2");
  EXPECT_EQ(cancelled.state(), JOB_STATE_CANCELLED);
  EXPECT_EQ(cancelled.message(), "cancelled before it was started");
  const absl::Status again = scheduler_->Cancel("job-2").status();
  EXPECT_EQ(again.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(again.message()), HasSubstr("job-2 has ended: cancelled"));
  EXPECT_THAT(published_, IsEmpty());
}

TEST_F(JobSchedulerTest, ARunningJobIsCancelledOnceItHasStoppedAndCanBeResumed) {
  Create();
  const FakeJobRunner::Started started = runner_->Await(0);
  const Job asked = *scheduler_->Cancel("job-1");
  EXPECT_EQ(asked.state(), JOB_STATE_RUNNING);
  EXPECT_TRUE(asked.cancel_requested());
  EXPECT_TRUE(*started.stop_requested);
  v1::TrainerEvent stopped;
  stopped.mutable_stopped()->set_checkpoint("/checkpoint");
  started.Report(stopped);
  started.EndStopped();
  EXPECT_EQ(AwaitState("job-1", JOB_STATE_CANCELLED).checkpoint(), "/checkpoint");
  EXPECT_EQ(scheduler_->Resume("job-1")->state(), JOB_STATE_QUEUED);
  runner_->Await(1).Finish("/result");
  const Job job = AwaitState("job-1", JOB_STATE_SUCCEEDED);
  EXPECT_EQ(job.attempts(), 2);
  EXPECT_FALSE(job.cancel_requested());
  EXPECT_EQ(scheduler_->Cancel("job-1").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(scheduler_->Resume("job-1").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(JobSchedulerTest, AResumedJobThatIsCancelledInTheQueueWasStartedBefore) {
  Create();
  runner_->Await(0).Fail("no");
  AwaitState("job-1", JOB_STATE_FAILED);
  Create();
  runner_->Await(1);  // takes the place
  ASSERT_TRUE(scheduler_->Resume("job-1").ok());
  EXPECT_EQ(scheduler_->Cancel("job-1")->message(), "cancelled before it went on");
}

TEST_F(JobSchedulerTest, AJobThatFinishesBeforeItNoticesHasSucceeded) {
  Create();
  const FakeJobRunner::Started started = runner_->Await(0);
  ASSERT_TRUE(scheduler_->Cancel("job-1").ok());
  started.Finish("/result");
  EXPECT_EQ(AwaitState("job-1", JOB_STATE_SUCCEEDED).version(), 4);
}

TEST_F(JobSchedulerTest, AJobIsDeletedWithItsFilesOnceItHasEnded) {
  Create();
  const FakeJobRunner::Started started = runner_->Await(0);
  const std::string path = started.task.folder.path();
  std::filesystem::create_directories(path);
  EXPECT_EQ(scheduler_->Delete("job-1").code(), absl::StatusCode::kFailedPrecondition);
  started.Fail("no");
  AwaitState("job-1", JOB_STATE_FAILED);
  ASSERT_TRUE(scheduler_->Delete("job-1").ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(scheduler_->Get("job-1").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(scheduler_->Delete("job-1").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(scheduler_->Delete("../x").code(), absl::StatusCode::kNotFound);
}

TEST_F(JobSchedulerTest, AResultThatCannotBePublishedFailsTheJob) {
  publication_ = absl::ResourceExhaustedError("no space left");
  Create();
  runner_->Await(0).Finish("/result");
  EXPECT_EQ(AwaitState("job-1", JOB_STATE_FAILED).message(), "no space left");
}

// While it lives, no file can be written, as on a full disk.
class FullDisk {
 public:
  FullDisk() {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_FSIZE, &none);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(JobSchedulerTest, AnEndThatCannotBeStoredIsStoredLater) {
  Create();
  const FakeJobRunner::Started started = runner_->Await(0);
  {
    const FullDisk full;
    EXPECT_FALSE(scheduler_->Create("m", {}, {}).ok());
    started.Finish("/result");
    clock_.AwaitTimer();
    EXPECT_EQ(scheduler_->Get("job-1")->state(), JOB_STATE_RUNNING);
  }
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(AwaitState("job-1", JOB_STATE_SUCCEEDED).version(), 4);
  EXPECT_EQ(published_.size(), 1U);
  EXPECT_EQ(scheduler_->List({}, kAll, kAll)->size(), 1U);
}

TEST_F(JobSchedulerTest, AJobWhoseDeletionFailedCanBeResumedAndDeletedLater) {
  const auto fail = [this](size_t attempt) {
    const FakeJobRunner::Started started = runner_->Await(attempt);
    const std::string path = started.task.folder.path();
    std::filesystem::create_directories(path + "/output");
    started.Fail("no");
    AwaitState("job-1", JOB_STATE_FAILED);
    return path;
  };
  Create();
  fail(0);
  {
    const FullDisk full;
    EXPECT_FALSE(scheduler_->Delete("job-1").ok());
  }
  ASSERT_TRUE(scheduler_->Resume("job-1").ok());
  const std::string path = fail(1);
  EXPECT_TRUE(scheduler_->Delete("job-1").ok());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(JobSchedulerTest, AnEndWithoutAResultFailsTheJob) {
  Create();
  runner_->Await(0).Finish("");
  EXPECT_THAT(AwaitState("job-1", JOB_STATE_FAILED).message(), HasSubstr("without a result"));
  EXPECT_THAT(published_, IsEmpty());
}

TEST_F(JobSchedulerTest, AfterACrashRunningJobsAreRunAgainBeforeTheOthers) {
  Create();
  runner_->Await(0);
  Create();
  Crash();
  Begin();
  EXPECT_THAT(runner_->Await(0).task.folder.path(), HasSubstr("job-1"));
  EXPECT_EQ(scheduler_->Get("job-1")->attempts(), 2);
  EXPECT_EQ(scheduler_->Get("job-2")->state(), JOB_STATE_QUEUED);
}

TEST_F(JobSchedulerTest, AJobThatTheServerDiesOfIsNotRunForEver) {
  const auto crash = [this] {
    runner_->Await(0);
    Crash();
    Begin();
  };
  Create();
  crash();
  v1::TrainerEvent event;
  event.mutable_checkpoint_written()->set_path("/checkpoint");
  runner_->Await(0).Report(event);  // it gets on: counted from here
  for (const int interruptions : {1, 2}) {
    crash();
    EXPECT_EQ(scheduler_->Get("job-1")->interruptions(), interruptions);
  }
  crash();
  const Job job = *scheduler_->Get("job-1");
  EXPECT_EQ(job.state(), JOB_STATE_FAILED);
  EXPECT_THAT(job.message(), HasSubstr("died 3 times in a row"));
  ASSERT_TRUE(scheduler_->Resume("job-1").ok());
  EXPECT_EQ(runner_->Await(0).task.folder.path(), scheduler_->FolderOf(1).path());
  EXPECT_EQ(scheduler_->Get("job-1")->interruptions(), 0);
}

TEST_F(JobSchedulerTest, ACancellationOutlivesACrash) {
  Create();
  runner_->Await(0);
  ASSERT_TRUE(scheduler_->Cancel("job-1").ok());
  Crash();
  Begin();
  EXPECT_EQ(scheduler_->Get("job-1")->state(), JOB_STATE_CANCELLED);
}

TEST_F(JobSchedulerTest, AServerThatStopsQueuesItsJobsForTheNext) {
  Create();
  runner_->Await(0);
  EndScheduler();
  {
    const auto store = *JobStore::Open(folder_ / "jobs.sqlite3");
    EXPECT_EQ(store->Get(1)->state(), JOB_STATE_QUEUED);
  }
  Begin();
  runner_->Await(0).Finish("/result");
  EXPECT_EQ(AwaitState("job-1", JOB_STATE_SUCCEEDED).attempts(), 2);
}

TEST_F(JobSchedulerTest, NothingBeginsWhileTheServerStops) {
  scheduler_->BeginStop();
  EXPECT_EQ(scheduler_->Create("m", {}, {}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(runner_->count(), 0U);
}

TEST_F(JobSchedulerTest, WhatADeletionLeftIsRemovedAtTheNextStart) {
  EndScheduler();
  const std::string left = folder_ / ".deleted-job-9";
  std::filesystem::create_directories(left);
  Begin();
  EXPECT_FALSE(std::filesystem::exists(left));
}

}  // namespace
}  // namespace localmamba::server
