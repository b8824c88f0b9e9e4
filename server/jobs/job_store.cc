#include "server/jobs/job_store.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "server/jobs/job_id.h"

namespace localmamba::server {
namespace {

// In user_version of the file. A change of the tables gets the next number and a step that brings
// files of the one before up to it.
constexpr int64_t kSchemaVersion = 1;

// `state` is that of the message in `job`, for queries.
constexpr char kCreateTables[] = R"(
BEGIN IMMEDIATE;
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  state INTEGER NOT NULL,
  queue_place INTEGER NOT NULL,
  request_key BLOB UNIQUE,
  request BLOB NOT NULL,
  job BLOB NOT NULL);
CREATE INDEX jobs_by_state ON jobs (state, queue_place);
CREATE TABLE epochs (
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  phase INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  report BLOB NOT NULL,
  PRIMARY KEY (job, phase, epoch)) WITHOUT ROWID;
PRAGMA user_version = 1;
COMMIT;
)";

constexpr char kLastPlace[] = "(SELECT IFNULL(MAX(queue_place), 0) + 1 FROM jobs)";

template <class Message>
absl::StatusOr<Message> Parse(const std::string& bytes) {
  Message message;
  if (message.ParseFromString(bytes)) return message;
  return absl::DataLossError(
      absl::StrCat("the job store holds no ", message.GetTypeName(), " where it should"));
}

// In the place of a job whose record cannot be read, so that others are listed and run, and this one
// can be deleted.
Job StandIn(int64_t id, const absl::Status& why) {
  Job job;
  job.set_id(FormatJobId(id));
  job.set_state(admin::v1::JOB_STATE_FAILED);
  job.set_message(std::string(why.message()));
  return job;
}

std::string WithoutEpochs(const Job& job) {
  Job stripped = job;
  stripped.clear_epochs();
  return stripped.SerializeAsString();
}

int64_t NumberOf(const Job& job) {
  const absl::StatusOr<int64_t> number = ParseJobId(job.id());
  LM_CHECK(number.ok());
  return *number;
}

absl::Status Prepare(Database& database, const std::string& path) {
  LM_ASSIGN_OR_RETURN(Statement query, database.Prepare("PRAGMA user_version"));
  LM_RETURN_IF_ERROR(query.Step().status());
  const int64_t version = query.Integer(0);
  if (version == 0) return database.Execute(kCreateTables);
  if (version == kSchemaVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(path, ": has schema version ", version,
                                                    ", wanted at most ", kSchemaVersion,
                                                    ": a later version of this program wrote it"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobStore>> JobStore::Open(const std::string& path) {
  LM_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::Open(path));
  LM_RETURN_IF_ERROR(Prepare(*database, path));
  return std::unique_ptr<JobStore>(new JobStore(std::move(database)));
}

absl::StatusOr<std::optional<Job>> JobStore::FindRequest(const JobRequest& request) {
  if (request.key.empty()) return std::nullopt;
  MutexLock lock(mu_);
  LM_ASSIGN_OR_RETURN(Statement query,
                      database_->Prepare("SELECT id, request FROM jobs WHERE request_key = ?"));
  LM_ASSIGN_OR_RETURN(const bool found, query.Bind(absl::string_view(request.key)).Step());
  if (!found) return std::nullopt;
  if (query.Bytes(1) != request.content) {
    return absl::AlreadyExistsError(absl::StrCat("idempotency_key: ", FormatJobId(query.Integer(0)),
                                                 " was created with \"", request.key,
                                                 "\" by a request with another content"));
  }
  LM_ASSIGN_OR_RETURN(Job job, GetLocked(query.Integer(0)));
  return job;
}

absl::StatusOr<Job> JobStore::Create(Job job, const JobRequest& request) {
  job.set_state(admin::v1::JOB_STATE_QUEUED);
  const std::optional<std::string> key =
      request.key.empty() ? std::nullopt : std::optional(request.key);
  MutexLock lock(mu_);
  LM_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare(absl::StrCat("INSERT INTO jobs (state, queue_place, request_key, request, "
                                      "job) VALUES (?, ",
                                      kLastPlace, ", ?, ?, ?)")));
  // The message is stored without its id, which `Get` sets: it is known after the insertion only.
  LM_RETURN_IF_ERROR(insert
                         .Bind(int64_t{job.state()}, key, absl::string_view(request.content),
                               absl::string_view(WithoutEpochs(job)))
                         .Run());
  job.set_id(FormatJobId(database_->last_inserted_row()));
  return job;
}

absl::Status JobStore::Save(const Job& job) { return Update(job, /*as_last=*/false); }

absl::Status JobStore::SaveAsLast(const Job& job) { return Update(job, /*as_last=*/true); }

absl::Status JobStore::Update(const Job& job, bool as_last) {
  MutexLock lock(mu_);
  LM_ASSIGN_OR_RETURN(Statement update,
                      database_->Prepare(absl::StrCat(
                          "UPDATE jobs SET state = ?, job = ?, queue_place = ",
                          as_last ? kLastPlace : "queue_place", " WHERE id = ? RETURNING id")));
  LM_ASSIGN_OR_RETURN(
      const bool found,
      update.Bind(int64_t{job.state()}, absl::string_view(WithoutEpochs(job)), NumberOf(job))
          .Step());
  if (!found) return NoSuchJob(job.id());
  return update.Step().status();
}

absl::Status JobStore::SaveEpoch(int64_t id, const v1::EpochFinished& epoch) {
  MutexLock lock(mu_);
  LM_ASSIGN_OR_RETURN(Statement insert,
                      database_->Prepare("INSERT OR REPLACE INTO epochs VALUES (?, ?, ?, ?)"));
  return insert
      .Bind(id, int64_t{epoch.phase()}, epoch.epoch(), absl::string_view(epoch.SerializeAsString()))
      .Run();
}

absl::StatusOr<Job> JobStore::Get(int64_t id) {
  MutexLock lock(mu_);
  return GetLocked(id);
}

absl::StatusOr<Job> JobStore::GetLocked(int64_t id) {
  absl::StatusOr<Job> job = Read(id);
  if (absl::IsDataLoss(job.status())) return StandIn(id, job.status());
  return job;
}

absl::StatusOr<Job> JobStore::Read(int64_t id) {
  LM_ASSIGN_OR_RETURN(Statement query, database_->Prepare("SELECT job FROM jobs WHERE id = ?"));
  LM_ASSIGN_OR_RETURN(const bool found, query.Bind(id).Step());
  if (!found) return NoSuchJob(FormatJobId(id));
  LM_ASSIGN_OR_RETURN(Job job, Parse<Job>(query.Bytes(0)));
  job.set_id(FormatJobId(id));
  LM_ASSIGN_OR_RETURN(
      Statement epochs,
      database_->Prepare("SELECT report FROM epochs WHERE job = ? ORDER BY phase, epoch"));
  epochs.Bind(id);
  while (true) {
    LM_ASSIGN_OR_RETURN(const bool row, epochs.Step());
    if (!row) return job;
    LM_ASSIGN_OR_RETURN(*job.add_epochs(), Parse<v1::EpochFinished>(epochs.Bytes(0)));
  }
}

absl::StatusOr<std::vector<Job>> JobStore::List(const std::vector<JobState>& states, int64_t before,
                                                int64_t limit) {
  const std::string filter =
      states.empty() ? "" : absl::StrCat("AND state IN (", absl::StrJoin(states, ","), ")");
  MutexLock lock(mu_);
  LM_ASSIGN_OR_RETURN(Statement query,
                      database_->Prepare(absl::StrCat("SELECT id, job FROM jobs WHERE id < ? ",
                                                      filter, " ORDER BY id DESC LIMIT ?")));
  query.Bind(before, limit);
  std::vector<Job> jobs;
  while (true) {
    LM_ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return jobs;
    absl::StatusOr<Job> job = Parse<Job>(query.Bytes(1));
    jobs.push_back(job.ok() ? *std::move(job) : StandIn(query.Integer(0), job.status()));
    jobs.back().set_id(FormatJobId(query.Integer(0)));
  }
}

absl::StatusOr<std::optional<Job>> JobStore::FirstQueued() {
  MutexLock lock(mu_);
  LM_ASSIGN_OR_RETURN(
      Statement query,
      database_->Prepare("SELECT id FROM jobs WHERE state = ? ORDER BY queue_place"));
  query.Bind(int64_t{admin::v1::JOB_STATE_QUEUED});
  while (true) {
    LM_ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return std::nullopt;
    absl::StatusOr<Job> job = Read(query.Integer(0));
    if (absl::IsDataLoss(job.status())) continue;
    LM_RETURN_IF_ERROR(job.status());
    return *std::move(job);
  }
}

absl::StatusOr<std::map<JobState, int64_t>> JobStore::CountByState() {
  MutexLock lock(mu_);
  LM_ASSIGN_OR_RETURN(Statement query,
                      database_->Prepare("SELECT state, COUNT(*) FROM jobs GROUP BY state"));
  std::map<JobState, int64_t> counts;
  while (true) {
    LM_ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return counts;
    counts[static_cast<JobState>(query.Integer(0))] = query.Integer(1);
  }
}

absl::Status JobStore::Delete(int64_t id) {
  MutexLock lock(mu_);
  LM_ASSIGN_OR_RETURN(Statement remove,
                      database_->Prepare("DELETE FROM jobs WHERE id = ? RETURNING id"));
  LM_ASSIGN_OR_RETURN(const bool found, remove.Bind(id).Step());
  if (!found) return NoSuchJob(FormatJobId(id));
  return remove.Step().status();
}

}  // namespace localmamba::server
