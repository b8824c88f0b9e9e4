#include "server/pipeline/repository_poller.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace localmamba::server {

RepositoryPoller::RepositoryPoller(const ModelRepository& repository, ModelManager& manager,
                                   Clock& clock, const Log& log)
    : repository_(repository), manager_(manager), clock_(clock), log_(log) {
  FindModels();
  for (auto& [name, model] : models_) {
    model.seen = StampModelFolder(repository_.ModelPath(name));
    model.taken = model.seen;
  }
}

RepositoryPoller::~RepositoryPoller() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void RepositoryPoller::Start(absl::Duration interval) {
  thread_ = std::thread([this, interval] { Work(interval); });
}

void RepositoryPoller::Work(absl::Duration interval) {
  MutexLock lock(mu_);
  while (!clock_.AwaitUntil(
      mu_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_; },
      clock_.Now() + interval)) {
    mu_.Unlock();
    Poll();
    mu_.Lock();
  }
}

void RepositoryPoller::Poll() {
  FindModels();
  // A repository that is away for a moment is not an empty one.
  if (unreadable_) return;
  for (auto it = models_.begin(); it != models_.end();) {
    auto& [name, model] = *it;
    std::optional<FolderStamp> now = StampModelFolder(repository_.ModelPath(name));
    const bool settled = now == model.seen;
    model.seen = std::move(now);
    if (settled && model.seen != model.taken) {
      model.taken = model.seen;
      manager_.Synchronize(name).IgnoreError();  // which tells of its failures
    }
    const bool gone = !model.seen.has_value() && !model.taken.has_value();
    it = gone ? models_.erase(it) : std::next(it);
  }
}

void RepositoryPoller::FindModels() {
  const absl::StatusOr<std::vector<std::string>> names = repository_.ModelNames();
  if (!names.ok() && !unreadable_) {
    log_.Error("the model repository cannot be read; what is served stays",
               {{"error", std::string(names.status().message())}});
  }
  unreadable_ = !names.ok();
  if (unreadable_) return;
  for (const std::string& name : *names) models_.try_emplace(name);
}

}  // namespace localmamba::server
