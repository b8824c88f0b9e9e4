// "job-12" is the job with number 12.
#ifndef LOCALMAMBA_SERVER_JOBS_JOB_ID_H_
#define LOCALMAMBA_SERVER_JOBS_JOB_ID_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace localmamba::server {

inline std::string FormatJobId(int64_t number) { return absl::StrCat("job-", number); }

inline absl::Status NoSuchJob(absl::string_view id) {
  return absl::NotFoundError(absl::StrCat("there is no job \"", id.substr(0, 128), "\""));
}

// Errors: NOT_FOUND if no job can have this id.
inline absl::StatusOr<int64_t> ParseJobId(absl::string_view id) {
  int64_t number = 0;
  if (absl::SimpleAtoi(absl::StripPrefix(id, "job-"), &number) && FormatJobId(number) == id) {
    return number;
  }
  return NoSuchJob(id);
}

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_JOB_ID_H_
