#include "server/tracing/recent_requests.h"

#include <algorithm>

namespace localmamba::server {

void RecentRequests::Add(const RequestRecord& record) {
  const MutexLock lock(mu_);
  if (!record.status.ok()) {
    failed_.push_front(record);
    if (failed_.size() > options_.entries) failed_.pop_back();
  }
  const absl::Time oldest = record.arrival - options_.window;
  std::erase_if(slowest_, [oldest](const RequestRecord& one) { return one.arrival < oldest; });
  if (slowest_.size() == options_.entries) {
    if (record.total <= slowest_.back().total) return;
    slowest_.pop_back();
  }
  const auto place = std::upper_bound(
      slowest_.begin(), slowest_.end(), record,
      [](const RequestRecord& a, const RequestRecord& b) { return a.total > b.total; });
  slowest_.insert(place, record);
}

std::vector<RequestRecord> RecentRequests::Slowest() const {
  const MutexLock lock(mu_);
  return slowest_;
}

std::vector<RequestRecord> RecentRequests::Failed() const {
  const MutexLock lock(mu_);
  return {failed_.begin(), failed_.end()};
}

}  // namespace localmamba::server
