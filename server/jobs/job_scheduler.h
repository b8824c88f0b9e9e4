// The life of jobs: queues them, runs them, keeps what they report, publishes their results.
#ifndef LOCALMAMBA_SERVER_JOBS_JOB_SCHEDULER_H_
#define LOCALMAMBA_SERVER_JOBS_JOB_SCHEDULER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kernels/base/mutex.h"
#include "server/jobs/job_folder.h"
#include "server/jobs/job_runner.h"
#include "server/jobs/job_store.h"
#include "server/jobs/job_watchers.h"
#include "server/metrics/job_metrics.h"
#include "server/runtime/clock.h"
#include "server/runtime/log.h"

namespace localmamba::server {

// Safe from several threads. A state is in the store before anybody hears of it; if it cannot be
// stored (disk full), the job stays in the state before, and the end of a job is tried again.
//
//   QUEUED ──► RUNNING ──► SUCCEEDED     and FAILED, CANCELLED ──► QUEUED (Resume);
//     │           ├──────► FAILED        RUNNING ──► QUEUED when the server stops or has died.
//     └───────────┴──────► CANCELLED
//
// A job that runs when the server dies for the third time in a row has FAILED.
// Errors of all calls: NOT_FOUND for an unknown id; those of JobStore.
class JobScheduler {
 public:
  struct Options {
    std::string folder;  // exists; each job gets a folder in it
    int max_running_jobs = 1;
    int max_queued_jobs = 100;
    std::vector<std::string> devices = {"cpu"};  // at least one
  };

  // Makes the model folder `result` a version of `model` that serves, once for each `job_json`, and
  // returns its number. Not called for a search without retraining, whose result is only a spec.
  using Publisher = std::function<absl::StatusOr<int64_t>(
      const std::string& model, const std::string& result, const std::string& job_json)>;

  // The references outlive this.
  JobScheduler(Options options, JobStore& store, JobRunner& runner, Publisher publisher,
               JobMetrics& metrics, Clock& clock, const Log& log);
  JobScheduler(const JobScheduler&) = delete;
  JobScheduler& operator=(const JobScheduler&) = delete;
  ~JobScheduler();  // Stop

  // Queues the jobs that ran when the last server died, and begins to start jobs. Call it once.
  absl::Status Start() ABSL_LOCKS_EXCLUDED(mu_);

  // Starts no more jobs and tells those that run to stop; does not wait.
  void BeginStop() ABSL_LOCKS_EXCLUDED(mu_);
  [[nodiscard]] bool stopping() ABSL_LOCKS_EXCLUDED(mu_);  // since BeginStop
  // BeginStop, then waits until none runs. Those that did not finish are queued, for the next
  // server.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

  // Queues a job of `model` and `run`, or finds the one that `request` has created already.
  // Errors: RESOURCE_EXHAUSTED if the queue is full; ALREADY_EXISTS if the request's key was used
  // with another content; UNAVAILABLE after BeginStop.
  absl::StatusOr<Job> Create(const std::string& model, const v1::TrainingRun& run,
                             const JobRequest& request) ABSL_LOCKS_EXCLUDED(mu_);

  absl::StatusOr<Job> Get(const std::string& id) ABSL_LOCKS_EXCLUDED(mu_);

  // As JobStore::List, with the latest reports.
  absl::StatusOr<std::vector<Job>> List(const std::vector<JobState>& states, int64_t before,
                                        int64_t limit) ABSL_LOCKS_EXCLUDED(mu_);

  // Errors: FAILED_PRECONDITION if it has ended.
  absl::StatusOr<Job> Cancel(const std::string& id) ABSL_LOCKS_EXCLUDED(mu_);

  // Errors: FAILED_PRECONDITION unless FAILED or CANCELLED; RESOURCE_EXHAUSTED if the queue is
  // full; UNAVAILABLE after BeginStop.
  absl::StatusOr<Job> Resume(const std::string& id) ABSL_LOCKS_EXCLUDED(mu_);

  // Removes the job and its files. Errors: FAILED_PRECONDITION unless it has ended; the code of the
  // system's error.
  absl::Status Delete(const std::string& id) ABSL_LOCKS_EXCLUDED(mu_);

  [[nodiscard]] JobFolder FolderOf(int64_t number) const;

  // Who hears of changes of a job; all of them hear of BeginStop.
  JobWatchers& watchers() { return watchers_; }

 private:
  class Attempt;

  void Work() ABSL_LOCKS_EXCLUDED(mu_);
  [[nodiscard]] bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] Attempt* FindEnded() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] bool CanStart() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TryLater(absl::string_view what, const Job& job, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Starts the first of the queue, if there is one; returns its number, or 0.
  int64_t StartNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  [[nodiscard]] std::string FreeDevice() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Publishes what a finished attempt made, and stores how it ended.
  void Conclude(Attempt& attempt) ABSL_LOCKS_EXCLUDED(mu_);
  // What the job of an attempt becomes that has ended and, if it finished, was published so.
  static Job Concluded(const Attempt& attempt, const absl::StatusOr<int64_t>& version);
  void RemoveFiles(const std::string& path) const;
  absl::Status CheckRoomInQueue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnEvent(Attempt& attempt, const v1::TrainerEvent& event) ABSL_LOCKS_EXCLUDED(mu_);
  void OnExit(Attempt& attempt, const JobExit& exit) ABSL_LOCKS_EXCLUDED(mu_);
  void Count() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  JobStore& store_;
  JobRunner& runner_;
  const Publisher publisher_;
  JobMetrics& metrics_;
  Clock& clock_;
  const Log& log_;
  JobWatchers watchers_;

  Mutex mu_;
  std::map<int64_t, std::unique_ptr<Attempt>> running_ ABSL_GUARDED_BY(mu_);
  bool look_in_queue_ ABSL_GUARDED_BY(mu_) = true;  // something may have come since
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  absl::Time not_before_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();  // after a failure to store
  std::thread thread_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_JOB_SCHEDULER_H_
