// States of jobs, for people and for decisions.
#ifndef LOCALMAMBA_SERVER_JOBS_JOB_STATE_H_
#define LOCALMAMBA_SERVER_JOBS_JOB_STATE_H_

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "localmamba/admin/v1/jobs.pb.h"

namespace localmamba::server {

using admin::v1::JobState;

// False while it waits or runs.
inline bool HasEnded(JobState state) {
  return state != admin::v1::JOB_STATE_QUEUED && state != admin::v1::JOB_STATE_RUNNING;
}

// "running", and so on.
inline std::string NameOf(JobState state) {
  const std::string name = JobState_Name(state);
  return absl::AsciiStrToLower(absl::StripPrefix(name, "JOB_STATE_"));
}

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_JOB_STATE_H_
