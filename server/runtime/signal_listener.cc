#include "server/runtime/signal_listener.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "kernels/base/check.h"

namespace localmamba::server {

namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void SignalListener::BlockSignals() {
  const sigset_t signals = StopSignals();
  LM_CHECK(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
}

absl::StatusOr<std::unique_ptr<SignalListener>> SignalListener::Start(Callback on_signal) {
  BlockSignals();
  const sigset_t signals = StopSignals();
  const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
  if (signal_fd < 0) return absl::ErrnoToStatus(errno, "signalfd");
  const int stop_fd = eventfd(0, EFD_CLOEXEC);
  if (stop_fd < 0) {
    const int error = errno;
    close(signal_fd);
    return absl::ErrnoToStatus(error, "eventfd");
  }
  return std::unique_ptr<SignalListener>(
      new SignalListener(signal_fd, stop_fd, std::move(on_signal)));
}

SignalListener::SignalListener(int signal_fd, int stop_fd, Callback on_signal)
    : signal_fd_(signal_fd),
      stop_fd_(stop_fd),
      thread_(
          [this, on_signal = std::move(on_signal)]() mutable { Listen(std::move(on_signal)); }) {}

SignalListener::~SignalListener() {
  const uint64_t one = 1;
  LM_CHECK(write(stop_fd_, &one, sizeof(one)) == sizeof(one));
  thread_.join();
  close(stop_fd_);
  close(signal_fd_);
}

void SignalListener::Listen(Callback on_signal) const {
  std::array<pollfd, 2> events = {pollfd{signal_fd_, POLLIN, 0}, pollfd{stop_fd_, POLLIN, 0}};
  for (int count = 1;;) {
    if (poll(events.data(), events.size(), -1) < 0) {
      LM_CHECK(errno == EINTR);
      continue;
    }
    if (events[1].revents != 0) return;
    signalfd_siginfo info{};
    if (read(signal_fd_, &info, sizeof(info)) != sizeof(info)) continue;
    on_signal(static_cast<int>(info.ssi_signo), count++);
  }
}

}  // namespace localmamba::server
