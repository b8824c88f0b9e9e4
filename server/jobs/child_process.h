// A program that this process has started and does not let outlive it.
#ifndef LOCALMAMBA_SERVER_JOBS_CHILD_PROCESS_H_
#define LOCALMAMBA_SERVER_JOBS_CHILD_PROCESS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/base/file_descriptor.h"

namespace localmamba::server {

class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> arguments;  // the first is the path of the program
    // What becomes its descriptors 0, 1, ...; all others are closed.
    std::vector<int> descriptors;
  };

  // Starts it in a process group of its own, without blocked signals, and with SIGPIPE ignored. If
  // the calling thread ends, it gets SIGTERM: so call this from a thread that waits for it.
  // Errors: NOT_FOUND or PERMISSION_DENIED naming the program; the code of the system's error.
  static absl::StatusOr<ChildProcess> Start(const Options& options);

  ChildProcess(ChildProcess&&) = default;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess() = default;

  [[nodiscard]] int pid() const { return pid_; }
  // Becomes readable when the program ends.
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }

  // To the whole process group.
  void Signal(int signal) const;

  // Waits until it has ended, kills what is left of its process group, and returns its status as
  // waitpid does. Call it once.
  [[nodiscard]] int Wait() const;

 private:
  ChildProcess(int pid, FileDescriptor descriptor)
      : pid_(pid), descriptor_(std::move(descriptor)) {}

  const int pid_;
  FileDescriptor descriptor_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_CHILD_PROCESS_H_
