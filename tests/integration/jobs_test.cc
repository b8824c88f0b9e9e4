// The admin port over a socket, with processes for jobs: tests/support/fake_trainer.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cpp/admin_client.h"
#include "client/cpp/vision_client.h"
#include "kernels/base/mutex.h"
#include "server/admin_endpoint.h"
#include "server/jobs/job_state.h"
#include "server/repository/model_spec_proto.h"
#include "tests/support/source_dir.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_repository.h"

namespace localmamba::server {
namespace {

using admin::v1::JOB_STATE_CANCELLED;
using admin::v1::JOB_STATE_FAILED;
using admin::v1::JOB_STATE_QUEUED;
using admin::v1::JOB_STATE_RUNNING;
using admin::v1::JOB_STATE_SUCCEEDED;
using admin::v1::ModelVersion;
using client::AdminClient;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr absl::Duration kTimeout = absl::Seconds(60);

class JobsTest : public testing::Test {
 protected:
  JobsTest() {
    EXPECT_TRUE(repository_.Write("m", 1).ok());
    EXPECT_TRUE(made_.Write("result", 1).ok());
    EXPECT_TRUE(models_.LoadAtStart().ok());
    admin_ = *AdminEndpoint::Start(Options(), {.models = models_,
                                               .metrics = metrics_,
                                               .job_metrics = job_metrics_,
                                               .clock = clock_,
                                               .log = log_});
    client_ = std::make_unique<AdminClient>(absl::StrCat("127.0.0.1:", admin_->port()));
    Script(absl::StrCat(R"({"epochs": 3, "result": ")", (made_.path() / "result").string(), "\"}"));
  }

  [[nodiscard]] AdminEndpoint::Options Options() const {
    return {.address = "127.0.0.1",
            .port = 0,
            .jobs = {.folder = folder_ / "jobs"},
            .runner = {.trainer = SourceDir() + "/tests/support/fake_trainer.py"}};
  }

  void Script(const std::string& json) { std::ofstream(folder_ / "script.json") << json; }
  void Hold() { std::ofstream(folder_ / "hold") << ""; }
  void Release() { std::filesystem::remove(folder_ / "hold"); }

  [[nodiscard]] v1::TrainingRun Run() const {
    v1::TrainingRun run;
    *run.mutable_model() = ModelSpecToProto(TinySpec());
    run.mutable_data()->set_path(folder_.path());
    return run;
  }
  std::string Submit(const std::string& key = "") {
    const auto job = client_->CreateJob(Run(), "m", key, kTimeout);
    EXPECT_TRUE(job.ok()) << job.status();
    return job->id();
  }
  // What a watcher sees of the job until it has ended.
  std::vector<Job> Watch(const std::string& id) {
    std::vector<Job> seen;
    const absl::Status status = client_->WatchJob(id, [&](const Job& job) { seen.push_back(job); });
    EXPECT_TRUE(status.ok()) << status;
    return seen;
  }
  // Until the trainer works.
  void AwaitProgress(const std::string& id) {
    for (Job job = *client_->GetJob(id, kTimeout); !job.has_progress();
         job = *client_->GetJob(id, kTimeout)) {
      ASSERT_FALSE(HasEnded(job.state())) << job.message();
      std::this_thread::yield();
    }
  }
  std::string Logs(const std::string& id, bool follow = false) {
    std::string text;
    EXPECT_TRUE(client_
                    ->GetJobLogs(id, follow, 0,
                                 [&](absl::string_view piece) { absl::StrAppend(&text, piece); })
                    .ok());
    return text;
  }
  [[nodiscard]] pid_t TrainerPid(const std::string& id) const {
    pid_t pid = 0;
    std::ifstream(folder_ / absl::StrCat("jobs/", id, "/lock")) >> pid;
    return pid;
  }

  const TemporaryFolder folder_;
  const TinyRepository repository_;
  const TinyRepository made_;
  const std::unique_ptr<Allocator> host_ = *CreateDeviceAllocator(Device::Cpu());
  RealClock clock_;
  const Log log_ = *Log::ToStderr("error");
  prometheus::Registry registry_;
  ServerMetrics metrics_{registry_};
  JobMetrics job_metrics_{registry_};
  ServedModels served_{{}, *host_, clock_, metrics_};
  LoadMetrics load_metrics_{registry_};
  ModelManager models_{
      *ModelRepository::Open(repository_.path().string(), {}), served_, load_metrics_, log_, {}};
  std::unique_ptr<AdminEndpoint> admin_;
  std::unique_ptr<AdminClient> client_;
};

TEST_F(JobsTest, AJobIsWatchedUntilItsResultServes) {
  Hold();
  const std::string id = Submit();
  AwaitProgress(id);
  std::thread release([this] { Release(); });
  const std::vector<Job> seen = Watch(id);
  release.join();
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.front().state(), JOB_STATE_RUNNING);
  const Job& job = seen.back();
  EXPECT_EQ(job.state(), JOB_STATE_SUCCEEDED) << job.message() << Logs(id);
  EXPECT_EQ(job.version(), 2);
  EXPECT_EQ(job.epochs_size(), 3);
  EXPECT_EQ(job.device(), "cpu");
  EXPECT_EQ((*served_.Find("m", ""))->model().version, 2);
  EXPECT_EQ(Watch(id).size(), 1U);  // of one that has ended: as it is
  EXPECT_EQ(Logs(id), "training on cpu from epoch 0\nfinished\n");
  const auto models = *client_->ListModels(kTimeout);
  EXPECT_EQ(models.models(0).versions(1).state(), ModelVersion::STATE_SERVING);
}

TEST_F(JobsTest, LogsAreFollowedToTheEnd) {
  Hold();
  const std::string id = Submit();
  AwaitProgress(id);
  EXPECT_EQ(Logs(id), "training on cpu from epoch 0\n");
  std::thread release([this] { Release(); });
  EXPECT_EQ(Logs(id, /*follow=*/true), "training on cpu from epoch 0\nfinished\n");
  release.join();
}

TEST_F(JobsTest, ACancelledJobIsResumedFromItsCheckpoint) {
  Hold();
  const std::string id = Submit();
  AwaitProgress(id);
  EXPECT_TRUE(client_->CancelJob(id, kTimeout)->cancel_requested());
  const Job cancelled = Watch(id).back();
  EXPECT_EQ(cancelled.state(), JOB_STATE_CANCELLED);
  EXPECT_THAT(cancelled.checkpoint(), HasSubstr("checkpoint.json"));
  Release();
  EXPECT_EQ(client_->ResumeJob(id, kTimeout)->state(), JOB_STATE_QUEUED);
  const Job job = Watch(id).back();
  EXPECT_EQ(job.state(), JOB_STATE_SUCCEEDED);
  EXPECT_EQ(job.attempts(), 2);
  EXPECT_EQ(client_->CancelJob(id, kTimeout).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(JobsTest, AKilledTrainerFailsItsJobAndNothingElse) {
  Hold();
  const std::string id = Submit();
  AwaitProgress(id);
  EXPECT_EQ(client_->DeleteJob(id, kTimeout).code(), absl::StatusCode::kFailedPrecondition);
  kill(TrainerPid(id), SIGKILL);
  const Job job = Watch(id).back();
  EXPECT_EQ(job.state(), JOB_STATE_FAILED);
  EXPECT_EQ(job.message(), "the trainer was killed by signal 9 (Killed)");
  EXPECT_EQ((*served_.Find("m", ""))->model().version, 1);
  EXPECT_TRUE(client_->DeleteJob(id, kTimeout).ok());
  EXPECT_EQ(client_->GetJob(id, kTimeout).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(folder_ / absl::StrCat("jobs/", id)));
}

TEST_F(JobsTest, WhatATrainerSaysOfItsFailureIsKept) {
  Script(R"({"exit": 2, "message": "data.path: no folder of images"})");
  const Job job = Watch(Submit()).back();
  EXPECT_EQ(job.state(), JOB_STATE_FAILED);
  EXPECT_EQ(job.message(),
            "the trainer ended with status 2: the run or its data is not valid: data.path: no "
            "folder of images");
}

TEST_F(JobsTest, RequestsAreChecked) {
  const auto error = [&](const v1::TrainingRun& run, const std::string& model,
                         const std::string& key) {
    const absl::Status status = client_->CreateJob(run, model, key, kTimeout).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(error(Run(), "../m", ""), HasSubstr("model: found \"../m\""));
  EXPECT_THAT(error(v1::TrainingRun(), "m", ""), HasSubstr("run.data.path: found \"\""));
  v1::TrainingRun relative = Run();
  relative.mutable_data()->set_path("images");
  EXPECT_THAT(error(relative, "m", ""), HasSubstr("wanted an absolute path"));
  v1::TrainingRun cut = Run();
  cut.mutable_data()->mutable_path()->append(std::string("\0x", 2));
  EXPECT_THAT(error(cut, "m", ""), HasSubstr("run.data.path: found a NUL"));
  v1::TrainingRun cut_candidate = Run();
  cut_candidate.mutable_search()->add_candidates("h");
  cut_candidate.mutable_search()->add_candidates(std::string("v\0", 2));
  EXPECT_THAT(error(cut_candidate, "m", ""), HasSubstr("run.search.candidates: found a NUL"));
  v1::TrainingRun unfit = Run();
  unfit.mutable_recipe()->set_label_smoothing(2);
  EXPECT_THAT(error(unfit, "m", ""), HasSubstr("run: recipe: label_smoothing is 2"));
  EXPECT_THAT(error(Run(), "m", std::string(129, 'k')), HasSubstr("idempotency_key: found 129"));
  EXPECT_THAT(error(Run(), "m", "\xff"), HasSubstr("not UTF-8"));
  EXPECT_EQ(client_->WatchJob("\xff", [](const Job&) {}).code(),
            absl::StatusCode::kInvalidArgument);
  admin::v1::ListJobsRequest list;
  list.set_page_size(1001);
  EXPECT_EQ(client_->ListJobs(list, kTimeout).status().code(), absl::StatusCode::kInvalidArgument);
  for (const char* id : {"", "job-", "job-01", "job-9", "x"}) {
    EXPECT_EQ(client_->GetJob(id, kTimeout).status().code(), absl::StatusCode::kNotFound) << id;
    EXPECT_EQ(client_->WatchJob(id, [](const Job&) {}).code(), absl::StatusCode::kNotFound) << id;
  }
}

TEST_F(JobsTest, ListsPages) {
  Hold();
  for (int i = 0; i < 3; ++i) Submit();
  admin::v1::ListJobsRequest request;
  request.set_page_size(2);
  const auto first = *client_->ListJobs(request, kTimeout);
  ASSERT_EQ(first.jobs_size(), 2);
  EXPECT_EQ(first.jobs(0).id(), "job-3");
  request.set_page_token(first.next_page_token());
  const auto second = *client_->ListJobs(request, kTimeout);
  ASSERT_EQ(second.jobs_size(), 1);
  EXPECT_EQ(second.jobs(0).id(), "job-1");
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(JobsTest, ASubmissionIsRepeatedWithoutHarm) {
  Hold();
  const std::string id = Submit("key");
  EXPECT_EQ(Submit("key"), id);
  v1::TrainingRun other = Run();
  other.mutable_recipe()->set_seed(7);
  EXPECT_EQ(client_->CreateJob(other, "m", "key", kTimeout).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(JobsTest, StreamsEndWhenTheServerStops) {
  Hold();
  const std::string id = Submit();
  AwaitProgress(id);
  std::vector<absl::Status> ends(2);
  std::thread watch([&] { ends[0] = client_->WatchJob(id, [](const Job&) {}); });
  std::thread logs([&] { ends[1] = client_->GetJobLogs(id, true, 0, [](absl::string_view) {}); });
  admin_->Stop(absl::Seconds(30));
  watch.join();
  logs.join();
  for (const absl::Status& end : ends) {
    EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable) << end;
  }
}

TEST_F(JobsTest, NothingIsQueuedWhileTheServerDrains) {
  Script(R"({"exit": 2, "message": "no"})");
  const std::string id = Submit();
  EXPECT_EQ(Watch(id).back().state(), JOB_STATE_FAILED);
  admin_->BeginStop();
  for (const absl::Status& status : {client_->CreateJob(Run(), "m", "", kTimeout).status(),
                                     client_->ResumeJob(id, kTimeout).status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_EQ(status.message(), "the server is stopping");
  }
}

TEST_F(JobsTest, VersionsAreLoadedLabelledUnloadedAndDeleted) {
  ASSERT_TRUE(repository_.Write("m", 2).ok());
  EXPECT_EQ(client_->LoadVersion("m", 2, kTimeout)->state(), ModelVersion::STATE_SERVING);
  const auto labelled = *client_->SetVersionLabel("m", "stable", 2, kTimeout);
  EXPECT_THAT(labelled.versions(1).labels(), ElementsAre("stable"));
  EXPECT_EQ(client_->UnloadVersion("m", 2, kTimeout).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(client_->DeleteVersion("m", 1, kTimeout).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(client_->UnloadVersion("m", 1, kTimeout)->state(), ModelVersion::STATE_UNLOADED);
  EXPECT_TRUE(client_->DeleteVersion("m", 1, kTimeout).ok());
  const absl::Status missing = client_->LoadVersion("m", 1, kTimeout).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("there are: 2"));
}

TEST_F(JobsTest, AFolderThatCannotHoldJobsIsNamedAtStart) {
  AdminEndpoint::Options options = Options();
  options.jobs.folder = folder_ / "script.json";
  const absl::Status status = AdminEndpoint::Start(options, {.models = models_,
                                                             .metrics = metrics_,
                                                             .job_metrics = job_metrics_,
                                                             .clock = clock_,
                                                             .log = log_})
                                  .status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("script.json"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--jobs-folder"));
}

}  // namespace
}  // namespace localmamba::server
