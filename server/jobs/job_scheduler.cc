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
#include "server/jobs/job_attempt.h"
#include "server/jobs/job_id.h"
#include "server/jobs/job_progress.h"
#include "server/jobs/job_state.h"
#include "server/jobs/timestamp.h"

namespace localmamba::server {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kRetryDelay = absl::Seconds(5);
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
constexpr int kMaxInterruptions = 3;
constexpr char kNotRetrained[] = "found directions are not retrained: no version was published";

// False of a search that leaves the network it finds with initial weights.
bool IsTrained(const v1::TrainingRun& run) {
  return !run.has_search() || !run.search().has_retrain() || run.search().retrain();
}

// What a job becomes that ran when the last server died.
void Interrupt(Job& job, absl::Time now) {
  job.set_interruptions(job.interruptions() + 1);
  if (job.cancel_requested()) {
    job.set_state(admin::v1::JOB_STATE_CANCELLED);
    job.set_message("cancelled while the server was stopped");
  } else if (job.interruptions() >= kMaxInterruptions) {
    job.set_state(admin::v1::JOB_STATE_FAILED);
    job.set_message(absl::StrCat("the server died ", job.interruptions(),
                                 " times in a row while this job ran, for want of memory perhaps"));
  } else {
    job.set_state(admin::v1::JOB_STATE_QUEUED);
    return;
  }
  *job.mutable_end_time() = ToTimestamp(now);
}

// Says the same of a job for ever, whatever the server it ran on.
std::string JobJson(const Job& job) {
  const nlohmann::ordered_json json = {
      {"id", job.id()},
      {"create_time", absl::FormatTime(absl::RFC3339_full, FromTimestamp(job.create_time()),
                                       absl::UTCTimeZone())}};
  return json.dump() + "\n";
}

}  // namespace

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
    if (absl::StartsWith(it->path().filename().string(), JobFolder::kDeletedPrefix)) {
      RemoveFiles(it->path().string());
    }
  }
  {
    MutexLock lock(mu_);
    LM_ASSIGN_OR_RETURN(std::vector<Job> interrupted,
                        store_.List({admin::v1::JOB_STATE_RUNNING}, kNoLimit, kNoLimit));
    for (Job& job : interrupted) {
      Interrupt(job, clock_.Now());
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
  *job.mutable_start_time() = ToTimestamp(clock_.Now());
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
    version = 0;
    if (IsTrained(job.run())) version = publisher_(job.model(), attempt.result, JobJson(job));
  }
  {
    MutexLock lock(mu_);
    if (!attempt.concluded.has_value()) {
      attempt.concluded = Concluded(attempt, version);
      if (HasEnded(attempt.concluded->state())) {
        *attempt.concluded->mutable_end_time() = ToTimestamp(clock_.Now());
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
  job.clear_interruptions();
  if (exit.kind == JobExit::Kind::kFinished) {
    job.set_state(version.ok() ? admin::v1::JOB_STATE_SUCCEEDED : admin::v1::JOB_STATE_FAILED);
    if (!version.ok()) {
      job.set_message(std::string(version.status().message()));
    } else if (*version == 0) {
      job.set_message(kNotRetrained);
    } else {
      job.set_version(*version);
    }
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
