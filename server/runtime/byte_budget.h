// How much memory requests may hold together.
#ifndef LOCALMAMBA_SERVER_RUNTIME_BYTE_BUDGET_H_
#define LOCALMAMBA_SERVER_RUNTIME_BYTE_BUDGET_H_

#include <atomic>
#include <cstdint>

namespace localmamba::server {

// Safe to use from several threads.
class ByteBudget {
 public:
  explicit ByteBudget(int64_t limit) : limit_(limit) {}

  // False, and takes nothing, if fewer bytes are left.
  [[nodiscard]] bool TryTake(int64_t bytes) {
    int64_t taken = taken_;
    while (bytes <= limit_ - taken) {
      if (taken_.compare_exchange_weak(taken, taken + bytes)) return true;
    }
    return false;
  }

  // Gives back what was taken.
  void Return(int64_t bytes) { taken_ -= bytes; }

  [[nodiscard]] int64_t limit() const { return limit_; }

 private:
  const int64_t limit_;
  std::atomic<int64_t> taken_ = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_BYTE_BUDGET_H_
