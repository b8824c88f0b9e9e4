// SIGTERM and SIGINT as events.
#ifndef LOCALMAMBA_SERVER_RUNTIME_SIGNAL_LISTENER_H_
#define LOCALMAMBA_SERVER_RUNTIME_SIGNAL_LISTENER_H_

#include <memory>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace localmamba::server {

// From construction to destruction, SIGTERM and SIGINT do nothing but call `on_signal`, on a thread
// of its own, with the signal's number and how many came so far (1 for the first).
class SignalListener {
 public:
  using Callback = absl::AnyInvocable<void(int signal, int count)>;

  // Makes SIGTERM and SIGINT wait for the listener, in this thread and those that it starts. Call it
  // before any other thread exists, those of CUDA too: one that does not block these signals would
  // end the process.
  static void BlockSignals();

  // Errors: that of the system call that failed, if the process has no file descriptors left.
  static absl::StatusOr<std::unique_ptr<SignalListener>> Start(Callback on_signal);

  SignalListener(const SignalListener&) = delete;
  SignalListener& operator=(const SignalListener&) = delete;
  ~SignalListener();

 private:
  SignalListener(int signal_fd, int stop_fd, Callback on_signal);
  void Listen(Callback on_signal) const;

  const int signal_fd_;
  const int stop_fd_;
  std::thread thread_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_SIGNAL_LISTENER_H_
