#include "server/pipeline/version_states.h"

#include <limits>

namespace localmamba::server {

void VersionStates::Begin(const std::string& model, int64_t version, VersionState passing) {
  MutexLock lock(mu_);
  known_[{model, version}].passing = passing;
}

void VersionStates::Forget(const std::string& model, int64_t version) {
  MutexLock lock(mu_);
  known_.erase({model, version});
  metrics_.Forget(model, version);
}

void VersionStates::Fail(const std::string& model, int64_t version, std::string message) {
  MutexLock lock(mu_);
  known_[{model, version}] = {.passing = std::nullopt, .failure = std::move(message)};
  metrics_.Failed(model, version);
}

void VersionStates::ForgetUnless(const std::string& model,
                                 const std::function<bool(int64_t)>& keep) {
  MutexLock lock(mu_);
  for (auto it = known_.lower_bound({model, std::numeric_limits<int64_t>::min()});
       it != known_.end() && it->first.first == model;) {
    const int64_t version = it->first.second;
    if (keep(version)) {
      ++it;
    } else {
      it = known_.erase(it);
      metrics_.Forget(model, version);
    }
  }
}

VersionStates::Known VersionStates::Find(const std::string& model, int64_t version) const {
  MutexLock lock(mu_);
  const auto found = known_.find({model, version});
  return found == known_.end() ? Known() : found->second;
}

std::vector<int64_t> VersionStates::Versions(const std::string& model) const {
  MutexLock lock(mu_);
  std::vector<int64_t> versions;
  for (auto it = known_.lower_bound({model, 1}); it != known_.end() && it->first.first == model;
       ++it) {
    versions.push_back(it->first.second);
  }
  return versions;
}

std::vector<LoadFailure> VersionStates::Failures() const {
  MutexLock lock(mu_);
  std::vector<LoadFailure> failures;
  for (const auto& [key, known] : known_) {
    if (!known.failure.empty()) {
      failures.push_back({.model = key.first, .version = key.second, .message = known.failure});
    }
  }
  return failures;
}

}  // namespace localmamba::server
