// What callers ask of JobScheduler.
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/jobs/job_attempt.h"
#include "server/jobs/job_id.h"
#include "server/jobs/job_scheduler.h"
#include "server/jobs/job_state.h"
#include "server/jobs/timestamp.h"

namespace localmamba::server {
namespace {

namespace fs = std::filesystem;

absl::Status WrongState(const Job& job, absl::string_view wanted) {
  return absl::FailedPreconditionError(
      absl::StrCat(job.id(), HasEnded(job.state()) ? " has ended: " : " is ", NameOf(job.state()),
                   ", wanted one that ", wanted));
}

}  // namespace

absl::StatusOr<Job> JobScheduler::Create(const std::string& model, const v1::TrainingRun& run,
                                         const JobRequest& request) {
  MutexLock lock(mu_);
  LM_ASSIGN_OR_RETURN(std::optional<Job> known, store_.FindRequest(request));
  if (known.has_value()) {
    const absl::StatusOr<int64_t> number = ParseJobId(known->id());
    const auto running = running_.find(*number);
    return running == running_.end() ? *std::move(known) : running->second->job;
  }
  LM_RETURN_IF_ERROR(CheckRoomInQueue());
  Job job;
  job.set_model(model);
  *job.mutable_run() = run;
  *job.mutable_create_time() = ToTimestamp(clock_.Now());
  LM_ASSIGN_OR_RETURN(job, store_.Create(std::move(job), request));
  look_in_queue_ = true;
  Count();
  log_.Info("job queued", {{"job", job.id()}, {"model", model}});
  return job;
}

absl::Status JobScheduler::CheckRoomInQueue() {
  if (stopping_) return absl::UnavailableError("the server is stopping");
  LM_ASSIGN_OR_RETURN(const auto counts, store_.CountByState());
  const auto queued = counts.find(admin::v1::JOB_STATE_QUEUED);
  if (queued == counts.end() || queued->second < options_.max_queued_jobs) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the queue of jobs is full: max_queued_jobs is ", options_.max_queued_jobs));
}

bool JobScheduler::stopping() {
  MutexLock lock(mu_);
  return stopping_;
}

absl::StatusOr<Job> JobScheduler::Get(const std::string& id) {
  LM_ASSIGN_OR_RETURN(const int64_t number, ParseJobId(id));
  MutexLock lock(mu_);
  const auto running = running_.find(number);
  if (running != running_.end()) return running->second->job;
  return store_.Get(number);
}

absl::StatusOr<std::vector<Job>> JobScheduler::List(const std::vector<JobState>& states,
                                                    int64_t before, int64_t limit) {
  MutexLock lock(mu_);
  LM_ASSIGN_OR_RETURN(std::vector<Job> jobs, store_.List(states, before, limit));
  for (Job& job : jobs) {
    const absl::StatusOr<int64_t> number = ParseJobId(job.id());
    const auto running = running_.find(*number);
    if (running == running_.end()) continue;
    job = running->second->job;
    job.clear_epochs();
  }
  return jobs;
}

absl::StatusOr<Job> JobScheduler::Cancel(const std::string& id) {
  LM_ASSIGN_OR_RETURN(const int64_t number, ParseJobId(id));
  Job job;
  {
    MutexLock lock(mu_);
    const auto running = running_.find(number);
    if (running != running_.end()) {
      Attempt& attempt = *running->second;
      job = attempt.job;
      job.set_cancel_requested(true);
      LM_RETURN_IF_ERROR(store_.Save(job));
      attempt.job = job;
      if (attempt.process != nullptr) attempt.process->Stop();
    } else {
      LM_ASSIGN_OR_RETURN(job, store_.Get(number));
      if (HasEnded(job.state())) return WrongState(job, "is queued or running");
      job.set_state(admin::v1::JOB_STATE_CANCELLED);
      job.set_message(job.attempts() == 0 ? "cancelled before it was started"
                                          : "cancelled before it went on");
      *job.mutable_end_time() = ToTimestamp(clock_.Now());
      LM_RETURN_IF_ERROR(store_.Save(job));
      Count();
    }
  }
  log_.Info("job cancelled", {{"job", id}, {"state", NameOf(job.state())}});
  watchers_.Notify(number);
  return job;
}

absl::StatusOr<Job> JobScheduler::Resume(const std::string& id) {
  LM_ASSIGN_OR_RETURN(const int64_t number, ParseJobId(id));
  Job job;
  {
    MutexLock lock(mu_);
    LM_ASSIGN_OR_RETURN(job, store_.Get(number));
    if (job.state() != admin::v1::JOB_STATE_FAILED &&
        job.state() != admin::v1::JOB_STATE_CANCELLED) {
      return WrongState(job, "has failed or was cancelled");
    }
    LM_RETURN_IF_ERROR(CheckRoomInQueue());
    job.set_state(admin::v1::JOB_STATE_QUEUED);
    job.clear_message();
    job.clear_end_time();
    job.clear_cancel_requested();
    job.clear_interruptions();
    LM_RETURN_IF_ERROR(store_.SaveAsLast(job));
    look_in_queue_ = true;
    Count();
  }
  log_.Info("job resumed", {{"job", id}});
  watchers_.Notify(number);
  return job;
}

absl::Status JobScheduler::Delete(const std::string& id) {
  LM_ASSIGN_OR_RETURN(const int64_t number, ParseJobId(id));
  const fs::path folder = FolderOf(number).path();
  const fs::path deleted =
      fs::path(options_.folder) / absl::StrCat(JobFolder::kDeletedPrefix, FormatJobId(number));
  {
    MutexLock lock(mu_);
    LM_ASSIGN_OR_RETURN(const Job job, store_.Get(number));
    if (!HasEnded(job.state())) return WrongState(job, "has ended");
    // The files first: what is left of an interrupted deletion is a job that can be deleted again.
    std::error_code error;
    if (fs::exists(folder, error)) {
      fs::remove_all(deleted, error);  // of a deletion that failed, before a resumption
      if (!error) fs::rename(folder, deleted, error);
    }
    if (error) {
      return absl::ErrnoToStatus(error.value(), absl::StrCat(folder.string(), ": cannot remove"));
    }
    LM_RETURN_IF_ERROR(store_.Delete(number));
    Count();
  }
  RemoveFiles(deleted.string());
  log_.Info("job deleted", {{"job", id}});
  watchers_.Notify(number);
  return absl::OkStatus();
}

JobFolder JobScheduler::FolderOf(int64_t number) const {
  return JobFolder((fs::path(options_.folder) / FormatJobId(number)).string());
}

void JobScheduler::RemoveFiles(const std::string& path) const {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) log_.Warning("cannot remove", {{"path", path}, {"error", error.message()}});
}

}  // namespace localmamba::server
