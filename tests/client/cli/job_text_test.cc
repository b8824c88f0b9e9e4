#include "client/cli/job_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace localmamba::client {
namespace {

using testing::HasSubstr;

admin::v1::Job RunningJob() {
  admin::v1::Job job;
  job.set_id("job-3");
  job.set_state(admin::v1::JOB_STATE_RUNNING);
  job.set_device("cuda:0");
  job.mutable_phase()->set_phase(v1::PHASE_TRAIN);
  job.mutable_phase()->set_total_epochs(100);
  v1::TrainingProgress& progress = *job.mutable_progress();
  progress.set_phase(v1::PHASE_TRAIN);
  progress.set_epoch(12.4);
  progress.set_loss(0.532);
  progress.set_images_per_second(2310);
  progress.set_seconds_left(200.7);
  for (int epoch = 1; epoch <= 2; ++epoch) {
    v1::EpochFinished& finished = *job.add_epochs();
    finished.set_phase(v1::PHASE_TRAIN);
    finished.set_epoch(epoch);
    finished.set_train_loss(2.0 / epoch);
    if (epoch == 1) finished.set_top1(0.852);
  }
  return job;
}

TEST(JobTextTest, ARunningJobInOneLine) {
  EXPECT_EQ(JobLine(RunningJob()),
            "job-3 running on cuda:0, train epoch 12.4/100, loss 0.5320, top-1 85.20%, 2310 "
            "images/s, 3m20s left");
}

TEST(JobTextTest, AnEndedJobSaysWhatBecameOfIt) {
  admin::v1::Job job;
  job.set_id("job-1");
  job.set_state(admin::v1::JOB_STATE_FAILED);
  job.set_message("training diverged");
  EXPECT_EQ(JobLine(job), "job-1 failed: training diverged");
  job.clear_message();
  job.set_state(admin::v1::JOB_STATE_SUCCEEDED);
  job.set_model("m");
  job.set_version(4);
  EXPECT_EQ(JobLine(job), "job-1 succeeded, version 4 of m");
}

TEST(JobTextTest, TheAccuracyOfASupernetIsNotThatOfDirectionsWithoutRetraining) {
  admin::v1::Job job = RunningJob();
  job.set_state(admin::v1::JOB_STATE_SUCCEEDED);
  job.set_message("not retrained");
  EXPECT_EQ(JobLine(job), "job-3 succeeded, train epoch 12.4/100, loss 0.5320: not retrained");
}

TEST(JobTextTest, AnEpochTellsWhereNoProgressDoes) {
  admin::v1::Job job = RunningJob();
  job.clear_progress();
  EXPECT_EQ(JobLine(job),
            "job-3 running on cuda:0, train epoch 2.0/100, loss 1.0000, top-1 85.20%");
  job.mutable_phase()->set_phase(v1::PHASE_SEARCH);  // another than that of the epochs
  EXPECT_THAT(JobLine(job), HasSubstr("cuda:0, search epoch 0.0/100, top-1"));
}

TEST(JobTextTest, StatesHaveNames) {
  EXPECT_EQ(StateName(admin::v1::JOB_STATE_CANCELLED), "cancelled");
  EXPECT_EQ(ParseState("cancelled"), admin::v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(ParseState("asleep"), admin::v1::JOB_STATE_UNSPECIFIED);
}

TEST(JobTextTest, TheCurveIsThatOfPhasesWithTwoEpochs) {
  admin::v1::Job job = RunningJob();
  EXPECT_THAT(LearningCurve(job), HasSubstr("train\n            * training loss"));
  job.mutable_epochs()->RemoveLast();
  EXPECT_EQ(LearningCurve(job), "");
}

}  // namespace
}  // namespace localmamba::client
