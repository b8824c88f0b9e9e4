// An event that happens once. As absl::Notification, on our Mutex for its reason.
#ifndef LOCALMAMBA_SERVER_RUNTIME_NOTIFICATION_H_
#define LOCALMAMBA_SERVER_RUNTIME_NOTIFICATION_H_

#include "kernels/base/mutex.h"

namespace localmamba::server {

// Safe to use from several threads.
class Notification {
 public:
  void Notify() {
    MutexLock lock(mu_);
    notified_ = true;
  }

  [[nodiscard]] bool HasBeenNotified() const {
    MutexLock lock(mu_);
    return notified_;
  }

  void WaitForNotification() const {
    MutexLock lock(mu_);
    mu_.Await([this] { return notified_; });
  }

 private:
  mutable Mutex mu_;
  bool notified_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_NOTIFICATION_H_
