// Where the work of a job is done.
#ifndef LOCALMAMBA_SERVER_JOBS_JOB_RUNNER_H_
#define LOCALMAMBA_SERVER_JOBS_JOB_RUNNER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "localmamba/v1/trainer_event.pb.h"
#include "server/jobs/job_folder.h"

namespace localmamba::server {

struct JobTask {
  JobFolder folder;
  std::string run_json;  // localmamba.v1.TrainingRun
  std::string device;    // "cpu", "cuda:0"
};

struct JobExit {
  enum class Kind : uint8_t {
    kFinished,  // the result is there
    kStopped,   // because of Stop; a checkpoint is there unless `message` says otherwise
    kFailed,
  };
  Kind kind = Kind::kFailed;
  std::string message;  // for people; "" if there is nothing to add
};

// Hears what a job does, on a thread of the runner's. OnExit is the last call.
class JobObserver {
 public:
  virtual ~JobObserver() = default;
  virtual void OnEvent(const v1::TrainerEvent& event) = 0;
  virtual void OnExit(const JobExit& exit) = 0;
};

// A job that was started. Destroy it after OnExit, from another thread than OnExit's.
class RunningJob {
 public:
  virtual ~RunningJob() = default;

  // Asks the job to write a checkpoint and end, which it does later: OnExit tells. Calls after the
  // first do nothing. Safe to call from several threads.
  virtual void Stop() = 0;
};

class JobRunner {
 public:
  virtual ~JobRunner() = default;

  // Starts `task` and does not wait for it. It goes on from the last checkpoint in the folder, if
  // there is one. `observer`, which may be called before this returns, lives until OnExit. Never
  // fails: what goes wrong is told by OnExit.
  virtual std::unique_ptr<RunningJob> Start(const JobTask& task, JobObserver& observer) = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_JOB_RUNNER_H_
