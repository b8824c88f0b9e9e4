#include "server/rpc/open_streams.h"

#include "absl/strings/str_cat.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

absl::Status Stopping() {
  return Reject(RejectReason::kDraining, absl::UnavailableError("the server is stopping"));
}

}  // namespace

absl::Status OpenStreams::Add(const std::shared_ptr<OpenStream>& stream) {
  const MutexLock lock(mu_);
  if (closed_) return Stopping();
  if (streams_.size() >= max_streams_) {
    return Reject(RejectReason::kTooManyStreams,
                  absl::ResourceExhaustedError(absl::StrCat("too many streams: ", streams_.size(),
                                                            " are open, as max_streams allows")));
  }
  streams_[stream.get()] = stream;
  return absl::OkStatus();
}

void OpenStreams::Remove(const OpenStream* stream) {
  const MutexLock lock(mu_);
  streams_.erase(stream);
}

void OpenStreams::CloseAll() {
  std::map<const OpenStream*, std::weak_ptr<OpenStream>> streams;
  {
    const MutexLock lock(mu_);
    closed_ = true;
    streams = streams_;
  }
  for (const auto& [address, weak] : streams) {
    if (const std::shared_ptr<OpenStream> stream = weak.lock()) stream->Close(Stopping());
  }
}

}  // namespace localmamba::server
