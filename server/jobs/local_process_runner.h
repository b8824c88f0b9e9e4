// Jobs as processes of this host: `localmamba_trainer --run FILE --output DIR --events-fd 3
// --device D`.
#ifndef LOCALMAMBA_SERVER_JOBS_LOCAL_PROCESS_RUNNER_H_
#define LOCALMAMBA_SERVER_JOBS_LOCAL_PROCESS_RUNNER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "server/jobs/job_runner.h"

namespace localmamba::server {

// The trainer reports to its descriptor 3 (see EventDecoder), writes its log to the job's log file,
// and ends with 0 finished, 2 bad run, usage or data, 3 diverged, 4 stopped by a signal after
// writing a checkpoint, 1 anything else.
//
// Stop sends SIGTERM and, after `stop_grace`, SIGKILL. If this process dies, however that happens,
// the trainer gets SIGTERM from the system. It holds the lock of its job's folder until its end; so
// a new attempt, of this server or the next, waits for the one before, for as long as Stop would.
class LocalProcessRunner final : public JobRunner {
 public:
  struct Options {
    std::string trainer;  // path of the program
    absl::Duration stop_grace = absl::Seconds(30);
  };

  explicit LocalProcessRunner(Options options) : options_(std::move(options)) {}

  std::unique_ptr<RunningJob> Start(const JobTask& task, JobObserver& observer) override;

 private:
  const Options options_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_LOCAL_PROCESS_RUNNER_H_
