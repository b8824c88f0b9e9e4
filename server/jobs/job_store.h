// Every job and its state, on disk.
#ifndef LOCALMAMBA_SERVER_JOBS_JOB_STORE_H_
#define LOCALMAMBA_SERVER_JOBS_JOB_STORE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/base/mutex.h"
#include "localmamba/admin/v1/jobs.pb.h"
#include "server/jobs/sqlite.h"

namespace localmamba::server {

using admin::v1::Job;
using admin::v1::JobState;

// What a job was asked for with. `key` "" means that it was given none.
struct JobRequest {
  std::string key;
  std::string content;  // equal for equal requests
};

// When a call returns OK, what it wrote is on the disk; when it fails, nothing has changed. Safe
// from several threads. Errors of all: those of Database; NOT_FOUND where a job is named.
class JobStore {
 public:
  // Makes the file if it is not there. Errors also: FAILED_PRECONDITION if a later version of this
  // program wrote it.
  static absl::StatusOr<std::unique_ptr<JobStore>> Open(const std::string& path);

  // The job that was created by a request with the same key, if any. Errors also: ALREADY_EXISTS if
  // that request had another content.
  absl::StatusOr<std::optional<Job>> FindRequest(const JobRequest& request)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Adds `job` as the last of the queue, in state QUEUED, and gives it an id that was never used.
  absl::StatusOr<Job> Create(Job job, const JobRequest& request) ABSL_LOCKS_EXCLUDED(mu_);

  // Replaces what is known of the job, but for its epochs and its place in the queue.
  absl::Status Save(const Job& job) ABSL_LOCKS_EXCLUDED(mu_);

  // The same; then it is the last of the queue.
  absl::Status SaveAsLast(const Job& job) ABSL_LOCKS_EXCLUDED(mu_);

  // Adds an epoch, or replaces the one of the same phase and number.
  absl::Status SaveEpoch(int64_t id, const v1::EpochFinished& epoch) ABSL_LOCKS_EXCLUDED(mu_);

  // With its epochs, by phase and number. A job whose record cannot be read is FAILED and says so,
  // here and in lists.
  absl::StatusOr<Job> Get(int64_t id) ABSL_LOCKS_EXCLUDED(mu_);

  // At most `limit` jobs in one of `states` (empty: any) with ids below `before`, newest first,
  // without epochs.
  absl::StatusOr<std::vector<Job>> List(const std::vector<JobState>& states, int64_t before,
                                        int64_t limit) ABSL_LOCKS_EXCLUDED(mu_);

  // The first of the queue whose record can be read, with its epochs.
  absl::StatusOr<std::optional<Job>> FirstQueued() ABSL_LOCKS_EXCLUDED(mu_);

  // States without jobs are left out.
  absl::StatusOr<std::map<JobState, int64_t>> CountByState() ABSL_LOCKS_EXCLUDED(mu_);

  absl::Status Delete(int64_t id) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  explicit JobStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  absl::Status Update(const Job& job, bool as_last) ABSL_LOCKS_EXCLUDED(mu_);
  // Errors: DATA_LOSS if the record cannot be read.
  absl::StatusOr<Job> Read(int64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Job> GetLocked(int64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Mutex mu_;
  const std::unique_ptr<Database> database_ ABSL_PT_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_JOB_STORE_H_
