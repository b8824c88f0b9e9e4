#include "server/batching/fair_share.h"

#include <algorithm>

#include "kernels/base/check.h"

namespace localmamba::server {

FairShare::Member FairShare::Join(double weight) {
  LM_CHECK(weight > 0);
  const Member member = next_member_++;
  members_[member] = {.weight = weight, .waiting = 0, .virtual_time = virtual_now_};
  return member;
}

void FairShare::Leave(Member member) {
  LM_CHECK(members_.at(member).waiting == 0);
  members_.erase(member);
}

void FairShare::BeginWaiting(Member member) {
  State& state = members_.at(member);
  // Who was away does not get what it left to the others.
  if (state.waiting == 0) state.virtual_time = std::max(state.virtual_time, virtual_now_);
  ++state.waiting;
}

FairShare::Member FairShare::Next() const {
  auto next = members_.end();
  for (auto it = members_.begin(); it != members_.end(); ++it) {
    if (it->second.waiting == 0) continue;
    if (next == members_.end() || it->second.virtual_time < next->second.virtual_time) next = it;
  }
  LM_CHECK(next != members_.end());
  return next->first;
}

void FairShare::Grant(Member member, absl::Duration expected) {
  State& state = members_.at(member);
  LM_CHECK(state.waiting > 0);
  --state.waiting;
  virtual_now_ = std::max(virtual_now_, state.virtual_time);
  state.virtual_time += expected / state.weight;
}

void FairShare::Correct(Member member, absl::Duration difference) {
  State& state = members_.at(member);
  state.virtual_time += difference / state.weight;
}

}  // namespace localmamba::server
