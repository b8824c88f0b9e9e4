// Those who want to hear when a job changes.
#ifndef LOCALMAMBA_SERVER_JOBS_JOB_WATCHERS_H_
#define LOCALMAMBA_SERVER_JOBS_JOB_WATCHERS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "kernels/base/mutex.h"

namespace localmamba::server {

class JobWatcher {
 public:
  virtual ~JobWatcher() = default;
  // Called without locks by the thread that made the change; must be quick. Several threads may
  // call at once, so ask the scheduler what the job is now.
  virtual void OnJobChanged() = 0;
};

// Safe from several threads. A watcher is forgotten when nobody else keeps it.
class JobWatchers {
 public:
  void Add(int64_t job, const std::shared_ptr<JobWatcher>& watcher) ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(mu_);
    std::erase_if(watchers_, [](const auto& entry) { return entry.second.expired(); });
    watchers_.emplace(job, watcher);
  }

  void Notify(int64_t job) ABSL_LOCKS_EXCLUDED(mu_) {
    std::vector<std::shared_ptr<JobWatcher>> watchers;
    {
      MutexLock lock(mu_);
      for (auto [it, end] = watchers_.equal_range(job); it != end; ++it) {
        watchers.push_back(it->second.lock());
      }
    }
    Call(watchers);
  }

  void NotifyAll() ABSL_LOCKS_EXCLUDED(mu_) {
    std::vector<std::shared_ptr<JobWatcher>> watchers;
    {
      MutexLock lock(mu_);
      for (const auto& [job, watcher] : watchers_) watchers.push_back(watcher.lock());
    }
    Call(watchers);
  }

 private:
  static void Call(const std::vector<std::shared_ptr<JobWatcher>>& watchers) {
    for (const std::shared_ptr<JobWatcher>& watcher : watchers) {
      if (watcher != nullptr) watcher->OnJobChanged();
    }
  }

  Mutex mu_;
  std::multimap<int64_t, std::weak_ptr<JobWatcher>> watchers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_JOBS_JOB_WATCHERS_H_
