// A bounded map that drops what has not been used for the longest time.
#ifndef LOCALMAMBA_KERNELS_BASE_LRU_CACHE_H_
#define LOCALMAMBA_KERNELS_BASE_LRU_CACHE_H_

#include <cstddef>
#include <list>
#include <map>
#include <utility>

namespace localmamba {

// Not safe to use from several threads.
template <class Key, class Value>
class LruCache {
 public:
  // `capacity` is at least 1.
  explicit LruCache(size_t capacity) : capacity_(capacity) {}

  // The value of `key`, used last from now on; nullptr if there is none. Valid until it is dropped.
  Value* Find(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  // Adds what Find does not find; drops another value if there are `capacity`.
  Value* Insert(const Key& key, Value value) {
    if (entries_.size() == capacity_) DropLeastRecent();
    entries_.emplace_front(key, std::move(value));
    index_.emplace(key, entries_.begin());
    return &entries_.front().second;
  }

  // False if there is nothing to drop.
  bool DropLeastRecent() {
    if (entries_.empty()) return false;
    index_.erase(entries_.back().first);
    entries_.pop_back();
    return true;
  }

  void Clear() {
    index_.clear();
    entries_.clear();
  }

  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<const Key, Value>>;

  size_t capacity_;
  Entries entries_;  // used last first
  std::map<Key, typename Entries::iterator> index_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_BASE_LRU_CACHE_H_
