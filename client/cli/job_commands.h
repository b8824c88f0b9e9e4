// `localmamba jobs ...`: jobs of a server, through its admin port. As the commands of commands.h.
#ifndef LOCALMAMBA_CLIENT_CLI_JOB_COMMANDS_H_
#define LOCALMAMBA_CLIENT_CLI_JOB_COMMANDS_H_

#include <ostream>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cpp/admin_client.h"

namespace localmamba::client {

// How a job is shown while it runs.
struct WatchOptions {
  bool terminal = false;  // one line that changes, instead of a line for each epoch
  bool curve = false;     // in the end, a chart of what was learned
};

struct SubmitOptions {
  std::string run_file;  // localmamba.v1.TrainingRun as JSON
  std::string model;
  std::string idempotency_key;
  bool watch = false;
};

// Relative paths of the file are those of this process.
ExitCode RunJobsSubmit(const AdminClient& client, const SubmitOptions& options,
                       const WatchOptions& watch, const CommonOptions& common, std::ostream& out,
                       std::ostream& err);

// `state` as in "running"; "" for all.
ExitCode RunJobsList(const AdminClient& client, const std::string& state,
                     const CommonOptions& common, std::ostream& out, std::ostream& err);

// Until the job has ended. kFailed if it has not succeeded.
ExitCode RunJobsWatch(const AdminClient& client, const std::string& id, const WatchOptions& options,
                      const CommonOptions& common, std::ostream& out, std::ostream& err);

ExitCode RunJobsLogs(const AdminClient& client, const std::string& id, bool follow,
                     const CommonOptions& common, std::ostream& out, std::ostream& err);

ExitCode RunJobsCancel(const AdminClient& client, const std::string& id,
                       const CommonOptions& common, std::ostream& out, std::ostream& err);
ExitCode RunJobsResume(const AdminClient& client, const std::string& id,
                       const CommonOptions& common, std::ostream& out, std::ostream& err);
ExitCode RunJobsDelete(const AdminClient& client, const std::string& id,
                       const CommonOptions& common, std::ostream& out, std::ostream& err);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_JOB_COMMANDS_H_
