// The bidirectional calls that are open, so that they can be counted and told to end.
#ifndef LOCALMAMBA_SERVER_RPC_OPEN_STREAMS_H_
#define LOCALMAMBA_SERVER_RPC_OPEN_STREAMS_H_

#include <cstddef>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "kernels/base/mutex.h"

namespace localmamba::server {

class OpenStream {
 public:
  virtual ~OpenStream() = default;

  // Takes no more messages, and ends with `status` once those that were taken are answered.
  virtual void Close(absl::Status status) = 0;
};

// Safe to call from several threads.
class OpenStreams {
 public:
  explicit OpenStreams(size_t max_streams) : max_streams_(max_streams) {}

  // Errors, with a reject reason: RESOURCE_EXHAUSTED if as many as allowed are open; UNAVAILABLE
  // after CloseAll.
  absl::Status Add(const std::shared_ptr<OpenStream>& stream) ABSL_LOCKS_EXCLUDED(mu_);

  // Does nothing if it is not there.
  void Remove(const OpenStream* stream) ABSL_LOCKS_EXCLUDED(mu_);

  // Ends all of them with UNAVAILABLE, since the server stops.
  void CloseAll() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  const size_t max_streams_;
  Mutex mu_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  std::map<const OpenStream*, std::weak_ptr<OpenStream>> streams_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_OPEN_STREAMS_H_
