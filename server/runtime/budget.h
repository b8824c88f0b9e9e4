// What requests may hold together: bytes, or places.
#ifndef LOCALMAMBA_SERVER_RUNTIME_BUDGET_H_
#define LOCALMAMBA_SERVER_RUNTIME_BUDGET_H_

#include <atomic>
#include <cstdint>

namespace localmamba::server {

// Safe to use from several threads.
class Budget {
 public:
  explicit Budget(int64_t limit) : limit_(limit) {}

  // False, and takes nothing, if less is left.
  [[nodiscard]] bool TryTake(int64_t amount) {
    int64_t taken = taken_;
    while (amount <= limit_ - taken) {
      if (taken_.compare_exchange_weak(taken, taken + amount)) return true;
    }
    return false;
  }

  // Gives back what was taken.
  void Return(int64_t amount) { taken_ -= amount; }

  [[nodiscard]] int64_t limit() const { return limit_; }

 private:
  const int64_t limit_;
  std::atomic<int64_t> taken_ = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_BUDGET_H_
