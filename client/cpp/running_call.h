// A call whose answer comes later.
#ifndef LOCALMAMBA_CLIENT_CPP_RUNNING_CALL_H_
#define LOCALMAMBA_CLIENT_CPP_RUNNING_CALL_H_

namespace localmamba::client {

// Need not be kept: the call goes on without. Safe to use from several threads.
class RunningCall {
 public:
  virtual ~RunningCall() = default;

  // Ends the call with CANCELLED, unless it has ended; the callback is told as ever.
  virtual void Cancel() = 0;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_RUNNING_CALL_H_
