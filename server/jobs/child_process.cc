#include "server/jobs/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "absl/strings/str_cat.h"

namespace localmamba::server {
namespace {

constexpr int kCannotExecute = 127;  // as a shell tells it

// In the child, between fork and exec: only calls that are safe in a signal handler, since other
// threads of the parent may have held any lock.
[[noreturn]] void BecomeProgram(char* const* arguments, const int* descriptors, int count,
                                pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(kCannotExecute);  // it died before prctl
  // First out of the way of the numbers they shall get; both copies survive exec.
  int high[16];  // NOLINT(modernize-avoid-c-arrays): no code of the library runs here
  for (int i = 0; i < count; ++i) high[i] = fcntl(descriptors[i], F_DUPFD, count);
  for (int i = 0; i < count; ++i) {
    if (dup2(high[i], i) < 0) _exit(kCannotExecute);
  }
  closefrom(count);          // of glibc: also where the kernel has no close_range
  signal(SIGPIPE, SIG_IGN);  // the program shall go on to its checkpoint if this process dies
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execv(arguments[0], arguments);
  _exit(kCannotExecute);
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start(const Options& options) {
  const std::string& program = options.arguments.front();
  if (access(program.c_str(), X_OK) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(program, ": cannot execute"));
  }
  std::vector<char*> arguments;
  for (const std::string& argument : options.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));  // exec only reads them
  }
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return absl::ErrnoToStatus(errno, "cannot fork");
  if (pid == 0) {
    BecomeProgram(arguments.data(), options.descriptors.data(),
                  static_cast<int>(options.descriptors.size()), parent);
  }
  setpgid(pid, pid);  // here too, so that Signal reaches it from now on
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (descriptor < 0) {
    const absl::Status error = absl::ErrnoToStatus(errno, "pidfd_open");
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return error;
  }
  return ChildProcess(pid, FileDescriptor(descriptor));
}

void ChildProcess::Signal(int signal) const { kill(-pid_, signal); }

int ChildProcess::Wait() const {
  // Its process id, and so the group's, stays taken until waitpid.
  siginfo_t info;
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  kill(-pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace localmamba::server
