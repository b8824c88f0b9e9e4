#include "server/batching/device_turns.h"

namespace localmamba::server {

DeviceTurns::Member::Member(DeviceTurns& turns, double weight)
    : turns_(turns), id_([&] {
        MutexLock lock(turns.mu_);
        return turns.share_.Join(weight);
      }()) {}

DeviceTurns::Member::~Member() {
  MutexLock lock(turns_.mu_);
  turns_.share_.Leave(id_);
}

void DeviceTurns::Turn::Finish(absl::Duration actual) {
  DeviceTurns& turns = member_->turns_;
  MutexLock lock(turns.mu_);
  ++turns.free_;
  turns.share_.Correct(member_->id_, actual - expected_);
  member_ = nullptr;
}

std::optional<DeviceTurns::Turn> DeviceTurns::TryTake(Member& member, absl::Duration expected) {
  MutexLock lock(mu_);
  if (free_ == 0 || waiting_ > 0) return std::nullopt;
  --free_;
  share_.BeginWaiting(member.id_);
  share_.Grant(member.id_, expected);
  return Turn(member, expected);
}

DeviceTurns::Turn DeviceTurns::Take(Member& member, absl::Duration expected) {
  MutexLock lock(mu_);
  share_.BeginWaiting(member.id_);
  ++waiting_;
  mu_.Await([&] { return free_ > 0 && share_.Next() == member.id_; });
  --waiting_;
  --free_;
  share_.Grant(member.id_, expected);
  return Turn(member, expected);
}

}  // namespace localmamba::server
