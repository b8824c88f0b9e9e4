// A job in words.
#ifndef LOCALMAMBA_CLIENT_CLI_JOB_TEXT_H_
#define LOCALMAMBA_CLIENT_CLI_JOB_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "localmamba/admin/v1/jobs.pb.h"

namespace localmamba::client {

// "running"; "unspecified" for what this program does not know.
std::string StateName(admin::v1::JobState state);
// Its inverse; UNSPECIFIED for other names.
admin::v1::JobState ParseState(absl::string_view name);

bool HasEnded(const admin::v1::Job& job);

// "job-3 running on cuda:0, train epoch 12.4/100, loss 0.5320, top-1 85.20%, 2310 images/s,
// 3m20s left"
std::string JobLine(const admin::v1::Job& job);

// Loss and top-1 accuracy by epoch, for each phase; "" without two epochs.
std::string LearningCurve(const admin::v1::Job& job);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_JOB_TEXT_H_
