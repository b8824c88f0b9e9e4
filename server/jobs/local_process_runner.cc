#include "server/jobs/local_process_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <system_error>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/weights/atomic_file.h"
#include "server/jobs/child_process.h"
#include "server/jobs/event_decoder.h"
#include "server/runtime/steady_time.h"

namespace localmamba::server {
namespace {

constexpr int kEventsDescriptor = 3;
constexpr int kExitStopped = 4;
constexpr absl::Duration kLockPoll = absl::Milliseconds(50);

absl::Status SystemError(absl::string_view path, absl::string_view what) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": ", what));
}

absl::StatusOr<FileDescriptor> OpenFile(const std::string& path, int flags) {
  FileDescriptor file(open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (file.get() < 0) return SystemError(path, "cannot open");
  return file;
}

std::string MeaningOf(int exit_status) {
  switch (exit_status) {
    case 2:
      return "the run or its data is not valid";
    case 3:
      return "training diverged";
    case 127:
      return "the program could not be executed";
    default:
      return "see the log";
  }
}

JobExit ToExit(int wait_status, bool stop_requested) {
  if (WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    std::string message =
        absl::StrCat("the trainer was killed by signal ", signal, " (", strsignal(signal), ")");
    if (!stop_requested) return {JobExit::Kind::kFailed, std::move(message)};
    return {JobExit::Kind::kStopped, absl::StrCat(message, " when it was told to stop")};
  }
  const int status = WEXITSTATUS(wait_status);
  if (status == 0) return {JobExit::Kind::kFinished, ""};
  if (status == kExitStopped) {
    if (stop_requested) return {JobExit::Kind::kStopped, ""};
    return {JobExit::Kind::kFailed, "the trainer was stopped by a signal from elsewhere"};
  }
  return {JobExit::Kind::kFailed,
          absl::StrCat("the trainer ended with status ", status, ": ", MeaningOf(status))};
}

// Its one thread starts the trainer, hears it and waits for it: the system ties the trainer's life
// to that thread's.
class LocalProcess final : public RunningJob {
 public:
  LocalProcess(const LocalProcessRunner::Options& options, const JobTask& task,
               JobObserver& observer)
      : options_(options), task_(task), observer_(observer), stop_(eventfd(0, EFD_CLOEXEC)) {}
  ~LocalProcess() override {
    if (thread_.joinable()) thread_.join();
  }

  void Launch() {
    thread_ = std::thread([this] {
      const absl::StatusOr<JobExit> exit = Run();
      observer_.OnExit(exit.ok()
                           ? *exit
                           : JobExit{JobExit::Kind::kFailed, std::string(exit.status().message())});
    });
  }

  void Stop() override { eventfd_write(stop_.get(), 1); }

 private:
  // Errors: what kept the trainer from being started.
  absl::StatusOr<JobExit> Run() {
    if (stop_.get() < 0) return absl::ResourceExhaustedError("no file descriptors are left");
    const JobFolder& folder = task_.folder;
    std::error_code error;
    std::filesystem::create_directories(folder.output(), error);
    if (error) {
      return absl::ErrnoToStatus(error.value(), absl::StrCat(folder.output(), ": cannot create"));
    }
    LM_RETURN_IF_ERROR(WriteFileAtomically(folder.run(), task_.run_json));
    LM_ASSIGN_OR_RETURN(const FileDescriptor lock, OpenFile(folder.lock(), O_RDWR | O_CREAT));
    LM_ASSIGN_OR_RETURN(const bool locked, AwaitLock(lock.get()));
    if (!locked) return JobExit{JobExit::Kind::kStopped, "it was stopped before it began"};
    // The number of an earlier trainer may be that of a stranger by now: if this process dies before
    // it writes the new one, the next must find none.
    if (ftruncate(lock.get(), 0) != 0) return SystemError(folder.lock(), "cannot write");
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return SystemError("events", "no pipe");
    const FileDescriptor events(ends[0]);
    // What the trainer leaves behind might keep the other end open.
    if (fcntl(events.get(), F_SETFL, O_NONBLOCK) != 0) return SystemError("events", "no pipe");
    LM_ASSIGN_OR_RETURN(const ChildProcess trainer,
                        StartTrainer(FileDescriptor(ends[1]), lock.get()));
    WriteProcessId(lock.get(), trainer.pid());
    return Attend(trainer, events.get());
  }

  // `events` is closed here, so that only the trainer has it.
  absl::StatusOr<ChildProcess> StartTrainer(const FileDescriptor events, int lock) const {
    const JobFolder& folder = task_.folder;
    LM_ASSIGN_OR_RETURN(const FileDescriptor input, OpenFile("/dev/null", O_RDONLY));
    LM_ASSIGN_OR_RETURN(const FileDescriptor log,
                        OpenFile(folder.log(), O_WRONLY | O_CREAT | O_APPEND));
    return ChildProcess::Start(
        {.arguments = {options_.trainer, "--run", folder.run(), "--output", folder.output(),
                       "--events-fd", absl::StrCat(kEventsDescriptor), "--device", task_.device},
         .descriptors = {input.get(), log.get(), log.get(), events.get(), lock}});
  }

  // Waits for a trainer of this job that another server left, and kills it after the grace time.
  // False if Stop came first.
  absl::StatusOr<bool> AwaitLock(int lock) const {
    const absl::Time kill_at = SteadyNow() + options_.stop_grace;
    while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) {
        return SystemError(task_.folder.lock(), "cannot lock");
      }
      if (SteadyNow() >= kill_at) KillLockHolder();
      pollfd stop{.fd = stop_.get(), .events = POLLIN, .revents = 0};
      poll(&stop, 1, static_cast<int>(absl::ToInt64Milliseconds(kLockPoll)));
      if (stop.revents != 0) return false;
    }
    return true;
  }

  // The lock is held, so a process of the group lives and no other group can have its number.
  void KillLockHolder() const {
    std::ifstream file(task_.folder.lock());
    pid_t group = 0;
    if (file >> group && group > 1) kill(-group, SIGKILL);
  }

  static void WriteProcessId(int lock, int pid) {
    const std::string text = absl::StrCat(pid, "\n");
    // If that fails, a later server cannot kill this trainer, and waits for it instead.
    [[maybe_unused]] const ssize_t written = pwrite(lock, text.data(), text.size(), 0);
  }

  // Until the trainer has ended.
  JobExit Attend(const ChildProcess& trainer, int events) {
    bool stop_requested = false;
    absl::Time kill_at = absl::InfiniteFuture();
    absl::Status stream = absl::OkStatus();
    EventDecoder decoder;
    bool ended = false;
    while (!ended) {
      std::array<pollfd, 3> polled = {{
          {.fd = stream.ok() ? events : -1, .events = POLLIN, .revents = 0},
          {.fd = trainer.descriptor(), .events = POLLIN, .revents = 0},
          {.fd = stop_requested ? -1 : stop_.get(), .events = POLLIN, .revents = 0},
      }};
      poll(polled.data(), polled.size(), MillisecondsUntil(kill_at));
      ended = polled[1].revents != 0;
      if (polled[2].revents != 0) {
        stop_requested = true;
        kill_at = SteadyNow() + options_.stop_grace;
        trainer.Signal(SIGTERM);
      }
      if (SteadyNow() >= kill_at) {
        trainer.Signal(SIGKILL);
        kill_at = absl::InfiniteFuture();
      }
      if (polled[0].revents != 0 && stream.ok()) stream = Read(events, decoder);
      if (absl::IsInvalidArgument(stream) && !ended) trainer.Signal(SIGKILL);
    }
    const int wait_status = trainer.Wait();
    // What it wrote last, before it ended.
    while (stream.ok()) stream = Read(events, decoder);
    if (absl::IsInvalidArgument(stream)) {
      return {JobExit::Kind::kFailed,
              absl::StrCat("the trainer's events cannot be read: ", stream.message())};
    }
    return ToExit(wait_status, stop_requested);
  }

  // Errors: OUT_OF_RANGE if there are no more; INVALID_ARGUMENT if these are no events.
  absl::Status Read(int events, EventDecoder& decoder) {
    std::array<char, 4096> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): read fills it
    const ssize_t count = read(events, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) return absl::OkStatus();
    if (count <= 0) return absl::OutOfRangeError("no more events");
    return decoder.Feed({bytes.data(), static_cast<size_t>(count)},
                        [this](const v1::TrainerEvent& event) { observer_.OnEvent(event); });
  }

  static int MillisecondsUntil(absl::Time deadline) {
    if (deadline == absl::InfiniteFuture()) return -1;
    const absl::Duration left = std::max(deadline - SteadyNow(), absl::ZeroDuration());
    const int64_t milliseconds = absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1)));
    return static_cast<int>(std::min<int64_t>(milliseconds, std::numeric_limits<int>::max()));
  }

  const LocalProcessRunner::Options options_;
  const JobTask task_;
  JobObserver& observer_;
  const FileDescriptor stop_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<RunningJob> LocalProcessRunner::Start(const JobTask& task, JobObserver& observer) {
  auto process = std::make_unique<LocalProcess>(options_, task, observer);
  process->Launch();
  return process;
}

}  // namespace localmamba::server
