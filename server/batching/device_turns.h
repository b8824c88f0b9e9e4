// Turns on one device, which the batches of all versions on it take.
#ifndef LOCALMAMBA_SERVER_BATCHING_DEVICE_TURNS_H_
#define LOCALMAMBA_SERVER_BATCHING_DEVICE_TURNS_H_

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "kernels/base/mutex.h"
#include "server/batching/fair_share.h"

namespace localmamba::server {

// Safe from several threads.
class DeviceTurns {
 public:
  // At most `at_once` batches run at a time.
  explicit DeviceTurns(size_t at_once) : free_(at_once) {}

  // A version's part in the turns; ends it when destroyed, after all its turns.
  class Member {
   public:
    Member(DeviceTurns& turns, double weight);
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member();

   private:
    friend class DeviceTurns;
    DeviceTurns& turns_;
    const FairShare::Member id_;
  };

  // A turn that was given, until Finish or the end of this object.
  class Turn {
   public:
    Turn(Turn&& other) noexcept
        : member_(std::exchange(other.member_, nullptr)), expected_(other.expected_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (member_ != nullptr) Finish(absl::ZeroDuration());
    }

    // The turn took so long. Call it once.
    void Finish(absl::Duration actual);

   private:
    friend class DeviceTurns;
    Turn(Member& member, absl::Duration expected) : member_(&member), expected_(expected) {}

    Member* member_;  // null after Finish
    absl::Duration expected_;
  };

  // A turn at once, if nobody has to wait for it; or none.
  std::optional<Turn> TryTake(Member& member, absl::Duration expected) ABSL_LOCKS_EXCLUDED(mu_);
  // Waits for it.
  Turn Take(Member& member, absl::Duration expected) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  Mutex mu_;
  FairShare share_ ABSL_GUARDED_BY(mu_);
  size_t free_ ABSL_GUARDED_BY(mu_);
  size_t waiting_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_DEVICE_TURNS_H_
