// A job that runs. Private to JobScheduler.
#ifndef LOCALMAMBA_SERVER_JOBS_JOB_ATTEMPT_H_
#define LOCALMAMBA_SERVER_JOBS_JOB_ATTEMPT_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/jobs/job_scheduler.h"

namespace localmamba::server {

// A job that was started, from its entry into the state RUNNING until that is over.
class JobScheduler::Attempt final : public JobObserver {
 public:
  Attempt(JobScheduler& scheduler, Job started) : job(std::move(started)), scheduler_(scheduler) {}

  void OnEvent(const v1::TrainerEvent& event) override { scheduler_.OnEvent(*this, event); }
  void OnExit(const JobExit& how) override { scheduler_.OnExit(*this, how); }

  // All guarded by the scheduler's mu_.
  Job job;  // with epochs
  std::unique_ptr<RunningJob> process;
  std::string result;   // of the trainer's last event
  std::string failure;  // likewise
  std::optional<JobExit> exit;
  std::optional<Job> concluded;  // what the job is to become, until that is stored

 private:
  JobScheduler& scheduler_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_JOB_ATTEMPT_H_
