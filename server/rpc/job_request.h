// Requests of JobService, checked.
#ifndef LOCALMAMBA_SERVER_RPC_JOB_REQUEST_H_
#define LOCALMAMBA_SERVER_RPC_JOB_REQUEST_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "localmamba/admin/v1/jobs.pb.h"
#include "server/jobs/job_store.h"

namespace localmamba::server {

// Errors of all: INVALID_ARGUMENT naming the field, what was found and what was wanted.

absl::StatusOr<JobRequest> ToJobRequest(const admin::v1::CreateTrainingJobRequest& request);
absl::StatusOr<JobRequest> ToJobRequest(const admin::v1::CreateScanSearchJobRequest& request);

struct JobPage {
  std::vector<JobState> states;
  int64_t before = 0;  // jobs with smaller numbers
  int64_t size = 0;
};
absl::StatusOr<JobPage> ToJobPage(const admin::v1::ListJobsRequest& request);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_JOB_REQUEST_H_
