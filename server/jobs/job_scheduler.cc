#include "server/jobs/job_scheduler.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "nlohmann/json.hpp"
#include "server/jobs/job_id.h"
#include "server/jobs/job_progress.h"
#include "server/jobs/job_state.h"

namespace localmamba::server {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kRetryDelay = absl::Seconds(5);
constexpr char kDeletedPrefix[] = ".deleted-";
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t nanoseconds = absl::ToUnixNanos(time);
  proto.set_seconds(nanoseconds / 1'000'000'000);
  proto.set_nanos(static_cast<int32_t>(nanoseconds % 1'000'000'000));
  return proto;
}

absl::Status WrongState(const Job& job, absl::string_view wanted) {
  return absl::FailedPreconditionError(
      absl::StrCat(job.id(), " is ", NameOf(job.state()), ", wanted one that ", wanted));
}

absl::Status StoppingError() { return absl::UnavailableError("the server is stopping"); }

// Says the same of a job for ever, whatever the server it ran on.
std::string JobJson(const Job& job) {
  const absl::Time created = absl::FromUnixSeconds(job.create_time().seconds()) +
                             absl::Nanoseconds(job.create_time().nanos());
  const nlohmann::ordered_json json = {
      {"id", job.id()},
      {"create_time", absl::FormatTime(absl::RFC3339_full, created, absl::UTCTimeZone())}};
  return json.dump() + "\n";
}

// Removes a folder that was renamed so that nobody takes it for a job's.
void RemoveDeleted(const fs::path& path, const Log& log) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) log.Warning("cannot remove", {{"path", path.string()}, {"error", error.message()}});
}

}  // namespace

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

JobScheduler::JobScheduler(Options options, JobStore& store, JobRunner& runner, Publisher publisher,
                           JobMetrics& metrics, Clock& clock, const Log& log)
    : options_(std::move(options)),
      store_(store),
      runner_(runner),
      publisher_(std::move(publisher)),
      metrics_(metrics),
      clock_(clock),
      log_(log) {
  LM_CHECK(!options_.devices.empty());
}

JobScheduler::~JobScheduler() { Stop(); }

absl::Status JobScheduler::Start() {
  std::error_code error;
  for (fs::directory_iterator it(options_.folder, error), end; !error && it != end;
       it.increment(error)) {
    if (absl::StartsWith(it->path().filename().string(), kDeletedPrefix)) {
      RemoveDeleted(it->path(), log_);
    }
  }
  {
    MutexLock lock(mu_);
    LM_ASSIGN_OR_RETURN(std::vector<Job> interrupted,
                        store_.List({admin::v1::JOB_STATE_RUNNING}, kNoLimit, kNoLimit));
    for (Job& job : interrupted) {
      if (job.cancel_requested()) {
        job.set_state(admin::v1::JOB_STATE_CANCELLED);
        job.set_message("cancelled while the server was stopped");
        *job.mutable_end_time() = ToProto(clock_.Now());
      } else {
        job.set_state(admin::v1::JOB_STATE_QUEUED);
      }
      LM_RETURN_IF_ERROR(store_.Save(job));
      log_.Info("job interrupted", {{"job", job.id()}, {"state", NameOf(job.state())}});
    }
    Count();
  }
  thread_ = std::thread([this] { Work(); });
  return absl::OkStatus();
}

void JobScheduler::BeginStop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    for (const auto& [number, attempt] : running_) {
      if (attempt->process != nullptr) attempt->process->Stop();
    }
  }
  watchers_.NotifyAll();
}

void JobScheduler::Stop() {
  BeginStop();
  if (thread_.joinable()) thread_.join();
}

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
  *job.mutable_create_time() = ToProto(clock_.Now());
  LM_ASSIGN_OR_RETURN(job, store_.Create(std::move(job), request));
  look_in_queue_ = true;
  Count();
  log_.Info("job queued", {{"job", job.id()}, {"model", model}});
  return job;
}

absl::Status JobScheduler::CheckRoomInQueue() {
  if (stopping_) return StoppingError();
  LM_ASSIGN_OR_RETURN(const auto counts, store_.CountByState());
  const auto queued = counts.find(admin::v1::JOB_STATE_QUEUED);
  if (queued == counts.end() || queued->second < options_.max_queued_jobs) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the queue of jobs is full: max_queued_jobs is ", options_.max_queued_jobs));
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
      job.set_message("cancelled before it was started");
      *job.mutable_end_time() = ToProto(clock_.Now());
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
  const fs::path deleted = fs::path(options_.folder) / (kDeletedPrefix + FormatJobId(number));
  {
    MutexLock lock(mu_);
    LM_ASSIGN_OR_RETURN(const Job job, store_.Get(number));
    if (!HasEnded(job.state())) return WrongState(job, "has ended");
    // The files first: what is left of an interrupted deletion is a job that can be deleted again.
    std::error_code error;
    if (fs::exists(folder, error)) fs::rename(folder, deleted, error);
    if (error) {
      return absl::ErrnoToStatus(error.value(), absl::StrCat(folder.string(), ": cannot remove"));
    }
    LM_RETURN_IF_ERROR(store_.Delete(number));
    Count();
  }
  RemoveDeleted(deleted, log_);
  log_.Info("job deleted", {{"job", id}});
  watchers_.Notify(number);
  return absl::OkStatus();
}

JobFolder JobScheduler::FolderOf(int64_t number) const {
  return JobFolder((fs::path(options_.folder) / FormatJobId(number)).string());
}

void JobScheduler::Work() {
  while (true) {
    Attempt* ended = nullptr;
    int64_t started = 0;
    {
      MutexLock lock(mu_);
      const absl::Time wake = not_before_;
      if (clock_.Now() < wake && !stopping_) {
        clock_.AwaitUntil(
            mu_, [this] { return stopping_; }, wake);
        continue;
      }
      clock_.AwaitUntil(
          mu_, [this] { return HasWork(); }, absl::InfiniteFuture());
      if (stopping_ && running_.empty()) return;
      ended = FindEnded();
      if (ended == nullptr) started = StartNext();
    }
    if (ended != nullptr) Conclude(*ended);
    if (started != 0) watchers_.Notify(started);
  }
}

bool JobScheduler::HasWork() const {
  return FindEnded() != nullptr || CanStart() || (stopping_ && running_.empty());
}

JobScheduler::Attempt* JobScheduler::FindEnded() const {
  for (const auto& [number, attempt] : running_) {
    if (attempt->exit.has_value()) return attempt.get();
  }
  return nullptr;
}

bool JobScheduler::CanStart() const {
  return !stopping_ && look_in_queue_ &&
         running_.size() < static_cast<size_t>(options_.max_running_jobs);
}

void JobScheduler::TryLater(absl::string_view what, const Job& job, const absl::Status& status) {
  log_.Error(what, {{"job", job.id()}, {"error", std::string(status.message())}});
  not_before_ = clock_.Now() + kRetryDelay;
}

int64_t JobScheduler::StartNext() {
  absl::StatusOr<std::optional<Job>> next = store_.FirstQueued();
  if (!next.ok()) {
    TryLater("cannot read the queue of jobs", Job(), next.status());
    return 0;
  }
  if (!next->has_value()) {
    look_in_queue_ = false;
    return 0;
  }
  Job& job = **next;
  job.set_state(admin::v1::JOB_STATE_RUNNING);
  job.set_attempts(job.attempts() + 1);
  job.set_device(FreeDevice());
  job.clear_progress();
  job.clear_message();
  *job.mutable_start_time() = ToProto(clock_.Now());
  std::string run_json;
  LM_CHECK(google::protobuf::util::MessageToJsonString(job.run(), &run_json).ok());
  if (const absl::Status saved = store_.Save(job); !saved.ok()) {
    TryLater("cannot start a job", job, saved);
    return 0;
  }
  const absl::StatusOr<int64_t> number = ParseJobId(job.id());
  log_.Info("job started",
            {{"job", job.id()}, {"attempt", job.attempts()}, {"device", job.device()}});
  const JobTask task{
      .folder = FolderOf(*number), .run_json = std::move(run_json), .device = job.device()};
  Attempt& attempt = *(running_[*number] = std::make_unique<Attempt>(*this, std::move(job)));
  attempt.process = runner_.Start(task, attempt);
  Count();
  return *number;
}

// The one with the fewest jobs, the first of them.
std::string JobScheduler::FreeDevice() const {
  const auto jobs_on = [this](const std::string& device) {
    return std::count_if(running_.begin(), running_.end(),
                         [&](const auto& entry) { return entry.second->job.device() == device; });
  };
  return *std::min_element(
      options_.devices.begin(), options_.devices.end(),
      [&](const std::string& a, const std::string& b) { return jobs_on(a) < jobs_on(b); });
}

void JobScheduler::OnEvent(Attempt& attempt, const v1::TrainerEvent& event) {
  int64_t number = 0;
  {
    MutexLock lock(mu_);
    Job& job = attempt.job;
    number = *ParseJobId(job.id());
    if (event.has_finished()) attempt.result = event.finished().result();
    if (event.has_failed()) attempt.failure = event.failed().message();
    absl::Status saved;
    switch (ApplyEvent(event, job)) {
      case Durable::kNothing:
        break;
      case Durable::kJob:
        saved = store_.Save(job);
        break;
      case Durable::kEpoch:
        saved = store_.SaveEpoch(number, event.epoch_finished());
        break;
    }
    // A report, not a state: the job goes on without it.
    if (!saved.ok()) {
      log_.Error("cannot store a report",
                 {{"job", job.id()}, {"error", std::string(saved.message())}});
    }
    if (event.has_progress()) {
      const v1::TrainingProgress& progress = event.progress();
      metrics_.SetProgress(job.id(), ProgressRatio(progress), progress.images_per_second(),
                           progress.loss());
    }
  }
  watchers_.Notify(number);
}

void JobScheduler::OnExit(Attempt& attempt, const JobExit& exit) {
  MutexLock lock(mu_);
  attempt.exit = exit;
}

void JobScheduler::Conclude(Attempt& attempt) {
  std::unique_ptr<RunningJob> process;
  bool publish = false;
  Job job;
  {
    MutexLock lock(mu_);
    process = std::move(attempt.process);
    publish = attempt.exit->kind == JobExit::Kind::kFinished && !attempt.concluded.has_value();
    job = attempt.job;
  }
  process.reset();  // waits for the thread that called OnExit; nothing is reported any more
  absl::StatusOr<int64_t> version = absl::InternalError("the trainer ended without a result");
  if (publish && !attempt.result.empty()) {
    version = publisher_(job.model(), attempt.result, JobJson(job));
  }
  {
    MutexLock lock(mu_);
    if (!attempt.concluded.has_value()) {
      attempt.concluded = Concluded(attempt, version);
      if (HasEnded(attempt.concluded->state())) {
        *attempt.concluded->mutable_end_time() = ToProto(clock_.Now());
      }
    }
    job = *attempt.concluded;
    if (const absl::Status saved = store_.Save(job); !saved.ok()) {
      TryLater("cannot store how a job ended", job, saved);
      if (!stopping_) return;
      // The next server finds it as running, and runs it again.
    }
    metrics_.Forget(job.id());
    running_.erase(*ParseJobId(job.id()));  // with `attempt`
    look_in_queue_ = true;
    Count();
  }
  log_.Info("job ended", {{"job", job.id()},
                          {"state", NameOf(job.state())},
                          {"version", job.version()},
                          {"text", job.message()}});
  watchers_.Notify(*ParseJobId(job.id()));
}

Job JobScheduler::Concluded(const Attempt& attempt, const absl::StatusOr<int64_t>& version) {
  const JobExit& exit = *attempt.exit;
  Job job = attempt.job;
  job.clear_cancel_requested();
  if (exit.kind == JobExit::Kind::kFinished) {
    job.set_state(version.ok() ? admin::v1::JOB_STATE_SUCCEEDED : admin::v1::JOB_STATE_FAILED);
    if (version.ok()) job.set_version(*version);
    if (!version.ok()) job.set_message(std::string(version.status().message()));
    return job;
  }
  if (attempt.job.cancel_requested()) {
    job.set_state(admin::v1::JOB_STATE_CANCELLED);
  } else if (exit.kind == JobExit::Kind::kStopped) {
    job.set_state(admin::v1::JOB_STATE_QUEUED);  // the server stops
  } else {
    job.set_state(admin::v1::JOB_STATE_FAILED);
  }
  job.set_message(attempt.failure.empty() ? exit.message
                                          : absl::StrCat(exit.message, ": ", attempt.failure));
  return job;
}

void JobScheduler::Count() {
  const auto counts = store_.CountByState();
  if (!counts.ok()) return;
  for (const JobState state :
       {admin::v1::JOB_STATE_QUEUED, admin::v1::JOB_STATE_RUNNING, admin::v1::JOB_STATE_SUCCEEDED,
        admin::v1::JOB_STATE_FAILED, admin::v1::JOB_STATE_CANCELLED}) {
    const auto found = counts->find(state);
    metrics_.SetCount(NameOf(state), found == counts->end() ? 0 : found->second);
  }
}

}  // namespace localmamba::server
