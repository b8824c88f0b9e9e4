// Whose turn it is on something that several share by weight.
#ifndef LOCALMAMBA_SERVER_BATCHING_FAIR_SHARE_H_
#define LOCALMAMBA_SERVER_BATCHING_FAIR_SHARE_H_

#include <cstddef>
#include <map>

#include "absl/time/time.h"

namespace localmamba::server {

// Start-time fair queueing (Goyal, Vin and Cheng, 1996): each member has a virtual time, which its
// turns advance by the time they take over its weight; the one with the least is next. So members
// that always wait for a turn get time in proportion to their weights, and one that was away gets
// no more than that afterwards. Not safe to call from several threads.
class FairShare {
 public:
  using Member = size_t;

  Member Join(double weight);  // more than 0
  void Leave(Member member);   // does not wait

  // One more turn is wanted by `member`.
  void BeginWaiting(Member member);

  // Of those that wait, who is next; ties go to who joined first. CHECKs that one waits.
  [[nodiscard]] Member Next() const;

  // Begins a turn of `member`, which waits, that is expected to take so long.
  void Grant(Member member, absl::Duration expected);

  // A turn took so much longer (or less long, if negative) than expected.
  void Correct(Member member, absl::Duration difference);

 private:
  struct State {
    double weight = 1;
    size_t waiting = 0;           // turns
    absl::Duration virtual_time;  // at which its next turn starts
  };

  std::map<Member, State> members_;
  Member next_member_ = 0;
  absl::Duration virtual_now_;  // at which the last turn started
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_FAIR_SHARE_H_
