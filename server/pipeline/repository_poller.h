// Looks at the repository again and again, and has what has changed there taken up.
#ifndef LOCALMAMBA_SERVER_PIPELINE_REPOSITORY_POLLER_H_
#define LOCALMAMBA_SERVER_PIPELINE_REPOSITORY_POLLER_H_

#include <map>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "kernels/base/mutex.h"
#include "server/pipeline/model_manager.h"
#include "server/repository/file_stamp.h"
#include "server/repository/model_repository.h"
#include "server/runtime/clock.h"
#include "server/runtime/log.h"

namespace localmamba::server {

// A model is taken up once two looks in a row have found the same files, which differ from those
// that were taken up last: so one that is being copied is left alone until it has settled. What
// failed to load is tried again when its files change. From Start to destruction it has a thread of
// its own.
class RepositoryPoller {
 public:
  // Notes what is there: construct it before the manager loads that. The references outlive it.
  RepositoryPoller(const ModelRepository& repository, ModelManager& manager, Clock& clock,
                   const Log& log);
  RepositoryPoller(const RepositoryPoller&) = delete;
  RepositoryPoller& operator=(const RepositoryPoller&) = delete;
  ~RepositoryPoller();  // waits for a change that is being made

  // Once; from then on looks every `interval`.
  void Start(absl::Duration interval);

  // Looks once; not after Start.
  void Poll();

 private:
  struct Model {
    std::optional<FolderStamp> seen;   // by the last look; none if there was no such folder
    std::optional<FolderStamp> taken;  // by the manager
  };

  // Adds models that are new.
  void FindModels();
  void Work(absl::Duration interval) ABSL_LOCKS_EXCLUDED(mu_);

  const ModelRepository repository_;
  ModelManager& manager_;
  Clock& clock_;
  const Log& log_;
  std::map<std::string, Model> models_;  // used by one thread
  bool unreadable_ = false;              // the repository, at the last look; so it is told once

  Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_REPOSITORY_POLLER_H_
