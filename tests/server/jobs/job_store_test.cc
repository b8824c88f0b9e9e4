#include "server/jobs/job_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/jobs/job_id.h"
#include "server/jobs/sqlite.h"
#include "tests/support/source_dir.h"
#include "tests/support/temporary_folder.h"

namespace localmamba::server {
namespace {

using admin::v1::JOB_STATE_CANCELLED;
using admin::v1::JOB_STATE_FAILED;
using admin::v1::JOB_STATE_QUEUED;
using admin::v1::JOB_STATE_RUNNING;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const std::string kNoDatabase = SourceDir() + "/deploy/samples/cat.jpg";

v1::EpochFinished EpochOf(v1::Phase phase, int64_t epoch, double loss) {
  v1::EpochFinished result;
  result.set_phase(phase);
  result.set_epoch(epoch);
  result.set_train_loss(loss);
  return result;
}

class JobStoreTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder_ / "jobs.sqlite3"; }

  Job Create(const std::string& model = "m", const JobRequest& request = {}) {
    Job job;
    job.set_model(model);
    return *store_->Create(job, request);
  }
  Job Move(Job job, JobState state) {
    job.set_state(state);
    EXPECT_TRUE(store_->Save(job).ok());
    return job;
  }

  // What a server finds that starts after this one has died now: the files as they are.
  [[nodiscard]] std::vector<std::string> FoundAfterACrash() {
    const TemporaryFolder copy;
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
      std::filesystem::copy(file.path(), copy.path());
    }
    const auto store = *JobStore::Open(copy / "jobs.sqlite3");
    std::vector<std::string> found;
    const std::vector<Job> jobs = *store->List({}, 1000, 1000);
    for (const Job& job : jobs) {
      found.push_back(absl::StrCat(job.id(), " ", JobState_Name(job.state()), " epochs ",
                                   store->Get(*ParseJobId(job.id()))->epochs_size()));
    }
    return found;
  }

  const TemporaryFolder folder_;
  std::unique_ptr<JobStore> store_ = *JobStore::Open(path());
};

TEST_F(JobStoreTest, ACrashBetweenAnyTwoWritesNeitherLosesNorInventsAState) {
  EXPECT_THAT(FoundAfterACrash(), ElementsAre());
  Job job = Create();
  EXPECT_THAT(FoundAfterACrash(), ElementsAre("job-1 JOB_STATE_QUEUED epochs 0"));
  job = Move(job, JOB_STATE_RUNNING);
  EXPECT_THAT(FoundAfterACrash(), ElementsAre("job-1 JOB_STATE_RUNNING epochs 0"));
  ASSERT_TRUE(store_->SaveEpoch(1, EpochOf(v1::PHASE_TRAIN, 1, 0.5)).ok());
  EXPECT_THAT(FoundAfterACrash(), ElementsAre("job-1 JOB_STATE_RUNNING epochs 1"));
  job = Move(job, JOB_STATE_FAILED);
  EXPECT_THAT(FoundAfterACrash(), ElementsAre("job-1 JOB_STATE_FAILED epochs 1"));
  job.set_state(JOB_STATE_QUEUED);
  ASSERT_TRUE(store_->SaveAsLast(job).ok());
  EXPECT_THAT(FoundAfterACrash(), ElementsAre("job-1 JOB_STATE_QUEUED epochs 1"));
  Create();
  ASSERT_TRUE(store_->Delete(1).ok());
  EXPECT_THAT(FoundAfterACrash(), ElementsAre("job-2 JOB_STATE_QUEUED epochs 0"));
}

TEST_F(JobStoreTest, AnIdIsNeverUsedAgain) {
  EXPECT_EQ(Create().id(), "job-1");
  EXPECT_EQ(Create().id(), "job-2");
  ASSERT_TRUE(store_->Delete(2).ok());
  store_.reset();
  store_ = *JobStore::Open(path());
  EXPECT_EQ(Create().id(), "job-3");
}

TEST_F(JobStoreTest, TheQueueIsInTheOrderOfEntry) {
  Job first = Create();
  Create();
  EXPECT_EQ((*store_->FirstQueued())->id(), "job-1");
  first = Move(first, JOB_STATE_CANCELLED);
  EXPECT_EQ((*store_->FirstQueued())->id(), "job-2");
  first.set_state(JOB_STATE_QUEUED);
  ASSERT_TRUE(store_->SaveAsLast(first).ok());
  EXPECT_EQ((*store_->FirstQueued())->id(), "job-2");
  Move(*store_->Get(2), JOB_STATE_RUNNING);
  EXPECT_EQ((*store_->FirstQueued())->id(), "job-1");
  Move(*store_->Get(2), JOB_STATE_QUEUED);  // back to its old place
  EXPECT_EQ((*store_->FirstQueued())->id(), "job-2");
}

TEST_F(JobStoreTest, ARecordThatCannotBeReadBlocksNeitherQueueNorList) {
  Create();
  Create();
  store_.reset();
  {
    const std::unique_ptr<Database> database = *Database::Open(path());
    ASSERT_TRUE(database->Execute("UPDATE jobs SET job = x'ff' WHERE id = 1").ok());
  }
  store_ = *JobStore::Open(path());
  EXPECT_EQ((*store_->FirstQueued())->id(), "job-2");
  const std::vector<Job> jobs = *store_->List({}, 100, 100);
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[1].id(), "job-1");
  EXPECT_EQ(jobs[1].state(), JOB_STATE_FAILED);
  EXPECT_THAT(jobs[1].message(), HasSubstr("the job store holds no"));
  EXPECT_EQ(store_->Get(1)->state(), JOB_STATE_FAILED);
  EXPECT_TRUE(store_->Delete(1).ok());
}

TEST_F(JobStoreTest, ARequestIsFoundByItsKey) {
  Create("m", {"key", "content"});
  EXPECT_EQ((*store_->FindRequest({"key", "content"}))->id(), "job-1");
  EXPECT_FALSE(store_->FindRequest({"another", "content"})->has_value());
  EXPECT_FALSE(store_->FindRequest({"", ""})->has_value());
  const absl::Status status = store_->FindRequest({"key", "other content"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr("job-1"));
  Create();
  Create();  // without a key: as many as one likes
  ASSERT_TRUE(store_->Delete(1).ok());
  EXPECT_FALSE(store_->FindRequest({"key", "content"})->has_value());
}

TEST_F(JobStoreTest, EpochsAreSortedAndReplaced) {
  Create();
  for (const auto& [phase, epoch, loss] : {std::tuple{v1::PHASE_TRAIN, 1, 4.0},
                                           {v1::PHASE_SEARCH, 2, 2.0},
                                           {v1::PHASE_SEARCH, 1, 9.0},
                                           {v1::PHASE_SEARCH, 1, 1.0}}) {
    ASSERT_TRUE(store_->SaveEpoch(1, EpochOf(phase, epoch, loss)).ok());
  }
  std::vector<double> losses;
  const Job job = *store_->Get(1);
  for (const v1::EpochFinished& epoch : job.epochs()) {
    losses.push_back(epoch.train_loss());
  }
  EXPECT_THAT(losses, ElementsAre(1.0, 2.0, 4.0));
  EXPECT_EQ((*store_->List({}, 100, 100))[0].epochs_size(), 0);
}

TEST_F(JobStoreTest, ListsThePageThatWasAskedFor) {
  for (int i = 0; i < 5; ++i) Create();
  Move(*store_->Get(2), JOB_STATE_FAILED);
  const auto ids = [this](const std::vector<JobState>& states, int64_t before, int64_t limit) {
    std::string text;
    const std::vector<Job> jobs = *store_->List(states, before, limit);
    for (const Job& job : jobs) absl::StrAppend(&text, job.id());
    return text;
  };
  EXPECT_EQ(ids({}, 100, 2), "job-5job-4");
  EXPECT_EQ(ids({}, 4, 2), "job-3job-2");
  EXPECT_EQ(ids({JOB_STATE_QUEUED}, 4, 2), "job-3job-1");
  EXPECT_EQ(ids({JOB_STATE_FAILED, JOB_STATE_RUNNING}, 100, 9), "job-2");
  EXPECT_THAT(*store_->CountByState(),
              ElementsAre(Pair(JOB_STATE_QUEUED, 4), Pair(JOB_STATE_FAILED, 1)));
}

TEST_F(JobStoreTest, AnUnknownJobIsNotFound) {
  Job job;
  job.set_id("job-7");
  EXPECT_EQ(store_->Get(7).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->Save(job).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->Delete(7).code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(store_->FirstQueued()->has_value());
}

TEST_F(JobStoreTest, AnotherServerIsKeptOut) {
  const absl::Status status = JobStore::Open(path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another process uses it"));
}

TEST_F(JobStoreTest, AFileOfALaterVersionIsRefused) {
  store_.reset();
  ASSERT_TRUE((*Database::Open(path()))->Execute("PRAGMA user_version = 2").ok());
  const absl::Status status = JobStore::Open(path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("schema version 2"));
}

TEST_F(JobStoreTest, AFileThatIsNoDatabaseIsRefusedAndKept) {
  const std::string other = folder_ / "other";
  std::filesystem::copy(kNoDatabase, other);
  EXPECT_EQ(JobStore::Open(other).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(std::filesystem::file_size(other), std::filesystem::file_size(kNoDatabase));
}

TEST_F(JobStoreTest, AFolderThatIsNotThereIsNamed) {
  const absl::Status status = JobStore::Open(folder_ / "no/jobs.sqlite3").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no/jobs.sqlite3"));
}

TEST_F(JobStoreTest, AFullDiskChangesNothing) {
  Create();
  ASSERT_TRUE(store_->Get(1).ok());
  store_.reset();
  {
    // The limit is of this connection; SQLite raises it to what there is.
    const auto database = *Database::Open(path());
    Statement insert = *database->Prepare("INSERT INTO epochs VALUES (1, 1, 1, zeroblob(?))");
    ASSERT_TRUE(database->Execute("PRAGMA max_page_count = 1").ok());
    const absl::Status full = insert.Bind(int64_t{1} << 20).Run();
    EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  }
  store_ = *JobStore::Open(path());
  EXPECT_EQ(store_->Get(1)->epochs_size(), 0);
  EXPECT_EQ(store_->Get(1)->state(), JOB_STATE_QUEUED);
}

}  // namespace
}  // namespace localmamba::server
